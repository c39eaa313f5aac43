#include "persist/lost_search.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

/* More would mostly wait for one another in the kernel. */
enum { MOST_LOOKERS = 4 };

struct lost_search {
    struct looker lookers[MOST_LOOKERS];
    struct look_folder top;
    pthread_mutex_t lock; /* of what follows, and of `waiting` and the descriptors of folders */
    pthread_cond_t more;  /* folders wait, or none will ever again */
    struct look_folder *waiting; /* the newest first, so that few are open at a time */
    size_t unfinished;           /* those that wait and those that are being looked into */
    size_t next;                 /* looker */
};

static void close_folder(struct look_folder *folder)
{
    memory_close_fd(&folder->fd);
    if (folder->up) /* the tree itself is not ours */
        memory_close_fd(&folder->tree);
}

/* The next folder to look into, NULL when there will be none any more. */
static struct look_folder *take(struct lost_search *search)
{
    pthread_mutex_lock(&search->lock);
    while (!search->waiting && search->unfinished)
        pthread_cond_wait(&search->more, &search->lock);
    struct look_folder *folder = search->waiting;
    if (folder)
        search->waiting = folder->next;
    pthread_mutex_unlock(&search->lock);
    return folder;
}

/* `folder` was looked into, and `found` is in it. */
static void finish(struct lost_search *search, struct look_folder *folder,
                   struct look_folder *found)
{
    struct look_folder *up = folder->up, *last = found;
    while (last && last->next)
        last = last->next;
    if (!found)
        close_folder(folder);
    pthread_mutex_lock(&search->lock);
    search->unfinished += folder->waiting;
    search->unfinished--;
    if (last) {
        last->next = search->waiting;
        search->waiting = found;
    }
    if (last || !search->unfinished)
        pthread_cond_broadcast(&search->more);
    bool is_last = up && --up->waiting == 0;
    pthread_mutex_unlock(&search->lock);
    if (is_last)
        close_folder(up);
}

static void look(struct lost_search *search, struct looker *looker)
{
    for (struct look_folder *folder; (folder = take(search));) {
        struct look_folder *found = NULL;
        look_into(looker, folder, &found);
        finish(search, folder, found);
    }
}

static void *begin(void *context)
{
    struct lost_search *search = context;
    pthread_mutex_lock(&search->lock);
    struct looker *looker = &search->lookers[search->next++];
    pthread_mutex_unlock(&search->lock);
    look(search, looker);
    return NULL;
}

static size_t processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) < 0)
        return 1; /* there are more than the set has room for; not worth a larger one */
    return (size_t)CPU_COUNT(&set);
}

struct lost_search *lost_search(const struct lost_request *request, int fd, dev_t device)
{
    struct lost_search *search = calloc(1, sizeof(*search));
    if (!search)
        memory_exhausted();
    pthread_mutex_init(&search->lock, NULL);
    pthread_cond_init(&search->more, NULL);
    for (size_t i = 0; i < MOST_LOOKERS; i++)
        search->lookers[i] =
            (struct looker){.request = request, .device = device, .arena = arena_new()};
    search->top = (struct look_folder){.name = "",
                                       .fd = fd,
                                       .tree = request->tree,
                                       .covered = cover_all(&request->covered),
                                       .wanted = cover_all(&request->wanted),
                                       .inside = request->wanted.count == 0,
                                       .untouched = request->made.tv_sec > 0};
    if (request->noise)
        search->top.noise = noise_begin(request->noise);
    search->waiting = &search->top;
    search->unfinished = 1;

    pthread_t threads[MOST_LOOKERS];
    size_t count = 1, wanted = processors();
    while (count < wanted && count < MOST_LOOKERS &&
           pthread_create(&threads[count], NULL, begin, search) == 0)
        count++;
    begin(search); /* this one alone, if need be */
    while (--count > 0)
        pthread_join(threads[count], NULL);
    return search;
}

const struct look_folder *lost_search_top(const struct lost_search *search)
{
    return &search->top;
}

void lost_search_free(struct lost_search *search)
{
    for (size_t i = 0; i < MOST_LOOKERS; i++)
        arena_free(search->lookers[i].arena);
    pthread_mutex_destroy(&search->lock);
    pthread_cond_destroy(&search->more);
    free(search);
}
