/* Where sentences for people go: the kernel log in PID 1, standard error in the tool. */
#ifndef EBB_BASE_LOG_H
#define EBB_BASE_LOG_H

/* The numbers are those of the kernel log and of syslog(3). */
enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
};

/* Sends everything to /dev/kmsg from now on; errors too while it cannot be opened. */
void log_to_kernel(void);
/* Gives the kernel's own settings back, for whoever comes after PID 1. */
void log_release(void);
/* Lines less urgent than this are dropped; the default keeps information. */
/* In a child: closes all but the standard descriptors and that of the log. */
void log_close_others(void);
void log_set_level(enum log_level level);
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
