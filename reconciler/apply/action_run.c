/*
 * Running an action, or asking its unless, in a transient service (action.h): as its user, in its
 * directory, with its environment and limits, without a terminal, killed whole at its time.
 * Decides nothing. Called by the steps of actions and, for unless, by the plan.
 */
#include <errno.h>
#include <string.h>

#include "l4sync/action.h"
#include "l4sync/txn.h"

/* All values of a key, NULL-terminated; NULL: there is none. */
static const char *const *values_of(struct arena *a, const struct resource *item, const char *key)
{
	const char **list = arena_array(a, const char *, item->n_attrs + 1);
	size_t n = 0;

	for (size_t i = 0; i < item->n_attrs; i++)
		if (!strcmp(item->attrs[i].key, key))
			list[n++] = item->attrs[i].value;
	return n ? list : NULL;
}

static const char *const *argv_of(
	struct arena *a, const struct resource *item, const char *key, const char *shell_key)
{
	const char **list, *script = resource_get(item, shell_key);

	if (!script)
		return values_of(a, item, key);
	list = arena_array(a, const char *, 4);
	list[0] = "/bin/sh";
	list[1] = "-c";
	list[2] = script;
	return list;
}

static unsigned long long number_of(
	const struct resource *item, const char *key, unsigned long long otherwise)
{
	const char *text = resource_get(item, key);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static const char *user_of(const struct resource *item)
{
	const char *user = resource_get(item, "user");

	/* Also root gets its HOME and the like that way. */
	return user ? user : "root";
}

static int run(struct host *h, struct arena *a, const struct transient *service,
	int (*idle)(void *userdata), void *userdata, struct action_run *ret, struct err *e)
{
	_cleanup_err_ struct err why = ERR_INIT;
	struct bus *bus;
	int r = host_bus(h, &bus, &why);

	*ret = (struct action_run){.service = service->unit, .since_usec = realtime_usec()};
	if (r >= 0)
		r = bus_run(bus, a, service, idle, userdata, &ret->end, &why);
	if (r == -EINTR)
		return err_set(e, r, "interrupted");
	if (r < 0)
		ret->end = (struct run_end){
			.unstarted = true, .text = arena_strdup(a, err_text(&why))};
	return 0;
}

/* Where both of its commands run, and as whom. */
static struct transient surroundings(
	struct arena *a, const struct resource *item, const char *service)
{
	return (struct transient){
		.unit = service,
		.environment = values_of(a, item, "env"),
		.environment_files = values_of(a, item, "env_file"),
		.user = user_of(item),
		.working_directory = resource_get(item, "cwd"),
		.stdio_fd = -1,
	};
}

int action_execute(struct host *h, struct arena *a, const struct resource *item,
	const char *service, int (*idle)(void *userdata), void *userdata, struct action_run *ret,
	struct err *e)
{
	struct transient t = surroundings(a, item, service);

	t.description = arena_printf(a, "l4sync: %s", item->id);
	t.argv = argv_of(a, item, "run", "shell");
	t.memory_bytes = number_of(item, "limits.memory", 0);
	t.tasks = number_of(item, "limits.tasks", 0);
	t.limit_s = (unsigned)number_of(item, "timeout", ACTION_TIMEOUT_S);
	return run(h, a, &t, idle, userdata, ret, e);
}

int action_ask(struct host *h, struct arena *a, const struct resource *item, const char *service,
	int (*idle)(void *userdata), void *userdata, enum action_answer *ret, const char **ret_why,
	struct err *e)
{
	struct transient t = surroundings(a, item, service);
	struct action_run x;

	t.description = arena_printf(a, "l4sync: unless of %s", item->id);
	t.argv = argv_of(a, item, "unless", "unless.shell");
	t.limit_s = UNLESS_TIMEOUT_S;
	*ret = ANSWER_NONE;
	*ret_why = NULL;
	if (!t.argv)
		return 0;
	int r = run(h, a, &t, idle, userdata, &x, e);
	if (r < 0)
		return r;
	if (x.end.exited && !x.end.unstarted) {
		*ret = x.end.status ? ANSWER_TODO : ANSWER_NOTHING;
	} else {
		*ret = ANSWER_UNKNOWN;
		*ret_why = x.end.text;
	}
	return 0;
}
