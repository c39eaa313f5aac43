/* Several threads that look into the folders of a root, each into another one. */
#ifndef EBB_PERSIST_LOST_SEARCH_H
#define EBB_PERSIST_LOST_SEARCH_H

#include "persist/lost_look.h"

struct lost_search;

/* Looks into everything. Takes over `fd`, the top of the root. */
struct lost_search *lost_search(const struct lost_request *request, int fd, dev_t device);
const struct look_folder *lost_search_top(const struct lost_search *search);
void lost_search_free(struct lost_search *search);

#endif
