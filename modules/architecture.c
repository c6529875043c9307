/*
 * architecture:NAME: another architecture whose packages can be installed
 * (`packages: architectures`, dpkg --add-architecture). Read by the module package; it has no
 * attributes, and stays when it leaves the state.
 * Called through the registry.
 */
#include <errno.h>

#include "l4sync/check.h"
#include "l4sync/packages.h"
#include "l4sync/registry.h"
#include "l4sync/txn.h"

static int architecture_check(const struct resource *item, struct err *e)
{
	static const struct attr_rule none[] = {{0}};

	if (!architecture_name_valid(resource_name(item->id)))
		return err_set(e, -EINVAL, "%s: no architecture's name", item->id);
	int r = check_content(item, false, e);
	return r ? r : check_attrs(item, none, e);
}

static int architecture_inspect(struct inspection *in, const char *id, const struct resource *want,
	struct resource **ret, struct err *e)
{
	int r = inspection_dpkg(in, e);

	(void)want;
	*ret = NULL;
	if (!r)
		finding_add(in->findings, "unsupported", "packages-no-dpkg", id,
			"this host has no /var/lib/dpkg/status: packages are those of Debian");
	if (r <= 0)
		return r < 0 ? r : 1;
	if (dpkg_has_architecture(in->dpkg, resource_name(id))) {
		*ret = arena_new_of(in->arena, struct resource);
		(*ret)->id = id;
	}
	return 0;
}

static int architecture_enqueue(struct txn *t, const struct change *c, struct err *e)
{
	(void)e;
	txn_architecture(t, resource_name(c->id));
	return 0;
}

static const char *const architecture_compared[] = {NULL};

const struct module module_architecture = {
	.type = "architecture",
	.check = architecture_check,
	.compared = architecture_compared,
	.live_only = true,
	.keeps_no_original = true,
	.stays = "dpkg --remove-architecture takes it away",
	.inspect = architecture_inspect,
	.enqueue = architecture_enqueue,
};
