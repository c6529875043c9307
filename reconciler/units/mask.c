/*
 * What takes a mask away, by the directory that it stands in (unitpath.h). Seen on systemd 257:
 * `systemctl unmask` looks into /etc/systemd/system only, with --runtime into /run/systemd/system
 * only, and does nothing about the rest, with exit status 0.
 * Removes nothing. Called by the derivation of effects, enablement and the report of foreign files.
 */
#include <string.h>

#include "l4sync/text.h"

#include "index.h"

const char *unit_unmask_command(struct arena *a, const char *path)
{
	const char *dir = path_parent(a, path), *name = path_name(path);

	if (text_starts(path, "/run/systemd/generator"))
		return NULL;
	if (!strcmp(dir, "/etc/systemd/system"))
		return arena_printf(a, "`systemctl unmask %s`", name);
	if (!strcmp(dir, "/run/systemd/system"))
		return arena_printf(a, "`systemctl unmask --runtime %s`", name);
	return arena_printf(a, "`rm %s && systemctl daemon-reload`", path);
}

const char *unit_unmask_generated(struct arena *a, const char *path)
{
	bool early = text_starts(path, "/run/systemd/generator.early/");

	return arena_printf(a,
		"a generator makes the mask %s anew at each daemon-reload: change what that reads, "
		"as systemd.mask= of the kernel command line%s%s",
		path, early ? "" : ", or ship the unit as /etc/systemd/system/",
		early ? "" : path_name(path));
}

const char *unit_index_unmask(struct unit_index *x, const char *path)
{
	struct arena *a = x->arena;
	const char *command = unit_unmask_command(a, path);

	if (overlay_find(x, path))
		return arena_printf(
			a, "it is the state that ships the mask %s: take that out", path);
	return command ? arena_printf(a, "%s takes the mask away", command)
		       : unit_unmask_generated(a, path);
}
