/* What a changed unit file means, directive by directive. Called by the report. */
#ifndef L4SYNC_DIRECTIVES_H
#define L4SYNC_DIRECTIVES_H

#include <jansson.h>

#include "l4sync/plan.h"

/* The `directives` of a change: those whose values differ; an empty array for what is no unit file,
 * or where the bytes of a side are not at hand. A new reference. */
json_t *directives_to_json(const struct change *c);

#endif
