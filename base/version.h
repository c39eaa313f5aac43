/* Which of two versions is newer, as boot loaders have it: the Version Format Specification
 * (UAPI.10). */
#ifndef EBB_BASE_VERSION_H
#define EBB_BASE_VERSION_H

/* Less than 0: `left` is older; 0: they mean the same, though they may be written differently. */
int version_compare(const char *left, const char *right);

#endif
