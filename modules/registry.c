/*
 * The list of modules. A new module is one file and one row here.
 * Called by the reader, the engine and the verbs.
 */
#include "l4sync/registry.h"

#include <string.h>

/* sysctl stands before file: it adds a file, to which the globs of `files:` apply too. action
 * stands last: what it names is there when it looks for it. */
const struct module *const modules[] = {
	&module_package,
	&module_architecture,
	&module_sysctl,
	&module_file,
	&module_link,
	&module_dir,
	&module_unit,
	&module_dropin,
	&module_service,
	&module_verify,
	&module_secret,
	&module_user,
	&module_group,
	&module_checkout,
	&module_action,
	NULL,
};

const struct module *module_of(const struct module *const *list, const char *id)
{
	for (; *list; list++) {
		size_t n = strlen((*list)->type);

		if (!strncmp(id, (*list)->type, n) && id[n] == ':')
			return *list;
	}
	return NULL;
}
