/*
 * Queueing steps (txn.h): each puts its fields down and touches nothing.
 * Called by the modules' enqueue and the pipeline.
 */
#include <string.h>

#include "txn_internal.h"

const char *step_get(const struct step *s, const char *key)
{
	return resource_get(&s->fields, key);
}

void step_set(struct txn *t, struct step *s, const char *key, const char *value)
{
	resource_set(t->arena, &s->fields, key, value);
}

static struct step *add(struct txn *t, const struct step_ops *ops, enum phase phase, const char *id)
{
	t->steps = grow(t->steps, &t->cap, t->n, sizeof(*t->steps));
	struct step *s = &t->steps[t->n];
	*s = (struct step){
		.ops = ops,
		.phase = phase,
		.queued = t->n,
		.fields = {.id = arena_strdup(t->arena, id)},
	};
	t->n++;
	return s;
}

static void set_owner(struct txn *t, struct step *s, uid_t uid, gid_t gid, mode_t mode)
{
	step_set(t, s, "uid", arena_printf(t->arena, "%u", (unsigned)uid));
	step_set(t, s, "gid", arena_printf(t->arena, "%u", (unsigned)gid));
	step_set(t, s, "mode", arena_printf(t->arena, "%04o", (unsigned)mode));
}

struct step *txn_put_file(struct txn *t, enum phase phase, const char *id, const char *path,
	const struct content *content, uid_t uid, gid_t gid, mode_t mode)
{
	struct step *s = add(t, &step_put_file, phase, id);

	s->content = content;
	step_set(t, s, "path", path);
	set_owner(t, s, uid, gid, mode);
	return s;
}

void txn_put_link(
	struct txn *t, enum phase phase, const char *id, const char *path, const char *target)
{
	struct step *s = add(t, &step_put_link, phase, id);

	step_set(t, s, "path", path);
	step_set(t, s, "target", target);
}

void txn_remove(struct txn *t, enum phase phase, const char *id, const char *path)
{
	step_set(t, add(t, &step_remove, phase, id), "path", path);
}

struct step *txn_checkout(struct txn *t, const char *id, const char *path,
	const struct content *list, const char *repo, const char *commit, uid_t uid, gid_t gid)
{
	struct step *s = add(t, &step_checkout, PHASE_CHECKOUT, id);

	s->content = list;
	step_set(t, s, "path", path);
	step_set(t, s, "repo", repo);
	step_set(t, s, "commit", commit);
	step_set(t, s, "uid", arena_printf(t->arena, "%u", (unsigned)uid));
	step_set(t, s, "gid", arena_printf(t->arena, "%u", (unsigned)gid));
	return s;
}

void txn_remove_checkout(struct txn *t, const char *id, const char *path)
{
	step_set(t, add(t, &step_remove_checkout, PHASE_REMOVE, id), "path", path);
}

struct step *txn_mkdir(
	struct txn *t, const char *id, const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	/* Two units that are enabled may both need the same UNIT.wants directory. */
	for (size_t i = 0; i < t->n; i++)
		if (t->steps[i].ops == &step_mkdir && !strcmp(step_get(&t->steps[i], "path"), path))
			return NULL;
	struct step *s = add(t, &step_mkdir, PHASE_MKDIR, id);

	step_set(t, s, "path", path);
	set_owner(t, s, uid, gid, mode);
	return s;
}

struct step *txn_dir_attributes(
	struct txn *t, const char *id, const char *path, uid_t uid, gid_t gid, mode_t mode)
{
	struct step *s = add(t, &step_dir_attributes, PHASE_FILES, id);

	step_set(t, s, "path", path);
	set_owner(t, s, uid, gid, mode);
	return s;
}

void txn_rmdir(struct txn *t, const char *id, const char *path, bool may_stay)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->steps[i].ops == &step_rmdir && !strcmp(step_get(&t->steps[i], "path"), path))
			return;
	struct step *s = add(t, &step_rmdir, PHASE_RMDIR, id);

	step_set(t, s, "path", path);
	if (may_stay)
		step_set(t, s, "may-stay", "true");
}

void txn_sysctl(struct txn *t, const char *id, const char *key, const char *value, bool may_fail)
{
	struct step *s = add(t, &step_sysctl, PHASE_SYSCTL, id);

	if (may_fail)
		step_set(t, s, "may-fail", "true");

	step_set(t, s, "key", key);
	step_set(t, s, "value", value);
}

void txn_unit(struct txn *t, enum phase phase, const char *unit, unsigned long long settle_ns)
{
	struct step *s = add(t, phase == PHASE_STOP ? &step_stop : &step_start, phase, unit);

	s->settle_ns = settle_ns;
	step_set(t, s, "unit", unit);
}

void txn_affects(struct txn *t, const char *name)
{
	for (size_t i = 0; i < t->n_affected; i++)
		if (!strcmp(t->affected[i], name))
			return;
	t->affected = grow(t->affected, &t->cap_affected, t->n_affected, sizeof(*t->affected));
	t->affected[t->n_affected++] = arena_strdup(t->arena, name);
}

void txn_reload(struct txn *t)
{
	add(t, &step_reload, PHASE_RELOAD, "systemd");
	t->reloads = true;
}

void txn_activate(struct txn *t, const char *shown, const char *command, const char *file)
{
	struct step *s = add(t, &step_activate, PHASE_ACTIVATE, shown);

	step_set(t, s, "command", command);
	step_set(t, s, "file", file);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

void txn_validate(struct txn *t, const char *id, const char *command, const char *path)
{
	const char *file = strstr(command, "%f") ? path : NULL;

	for (size_t i = 0; i < t->n_validations; i++)
		if (!strcmp(t->validations[i].command, command) &&
			same_text(t->validations[i].file, file))
			return;
	t->validations = grow(
		t->validations, &t->cap_validations, t->n_validations, sizeof(*t->validations));
	t->validations[t->n_validations++] = (struct validation){id, path, command, file};
}

/* All packages of a run are one step: apt decides on them as a whole. */
static struct step *packages_step(struct txn *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->steps[i].ops == &step_packages)
			return &t->steps[i];
	return add(t, &step_packages, PHASE_PACKAGES, "packages");
}

void txn_package(struct txn *t, const char *name, bool remove, bool no_recommends)
{
	struct step *s = packages_step(t);

	resource_add(t->arena, &s->fields, remove ? "remove" : "install", name);
	if (no_recommends)
		step_set(t, s, "no-recommends", "true");
}

void txn_architecture(struct txn *t, const char *name)
{
	resource_add(t->arena, &packages_step(t)->fields, "architecture", name);
}

static void add_all(
	struct txn *t, struct step *s, const char *key, const struct action_input *inputs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		resource_add(t->arena, &s->fields, key,
			arena_printf(t->arena, "%s %s", inputs[i].id, inputs[i].identity));
}

void txn_action(struct txn *t, const struct resource *action, const struct resource *before,
	const struct effect *f)
{
	struct step *s = add(t, &step_action, PHASE_ACTION, action->id);
	struct arena *a = t->arena;

	for (size_t i = 0; i < action->n_attrs; i++)
		resource_add(a, &s->fields, action->attrs[i].key, action->attrs[i].value);
	for (size_t i = 0; before && i < before->n_attrs; i++)
		resource_add(a, &s->fields, arena_printf(a, "back.%s", before->attrs[i].key),
			before->attrs[i].value);
	step_set(t, s, "definition", action_definition(a, action));
	if (before)
		step_set(t, s, "back.definition", action_definition(a, before));
	for (size_t i = 0; i < f->n_because; i++)
		resource_add(a, &s->fields, "because", f->because[i]);
	add_all(t, s, "input", f->inputs->now, f->inputs->n);
	add_all(t, s, "was", f->inputs->before, f->inputs->n);
}

void txn_live(struct txn *t, const char *unit)
{
	step_set(t, add(t, &step_live, PHASE_LIVE, unit), "unit", unit);
}

void txn_makes(struct txn *t, const char *id)
{
	t->made = grow(t->made, &t->cap_made, t->n_made, sizeof(*t->made));
	t->made[t->n_made++] = id;
}

bool txn_will_make(const struct txn *t, const char *id)
{
	for (size_t i = 0; i < t->n_made; i++)
		if (!strcmp(t->made[i], id))
			return true;
	return false;
}

void txn_owned_later(struct txn *t, struct step *s, const char *user, const char *group)
{
	if (!s)
		return;
	if (user) {
		step_set(t, s, "user", user);
		step_set(t, s, "uid", NULL);
	}
	if (group) {
		step_set(t, s, "group", group);
		step_set(t, s, "gid", NULL);
	}
}

void txn_make_account(struct txn *t, const char *id, const char *const *lines)
{
	struct step *s = add(t, &step_make_account, PHASE_USERS, id);

	for (; *lines; lines++)
		resource_add(t->arena, &s->fields, "line", *lines);
}

struct step *txn_change_user(struct txn *t, const char *id)
{
	return add(t, &step_change_user, PHASE_USERS, id);
}

void txn_user_field(
	struct txn *t, struct step *s, const char *field, const char *old, const char *value)
{
	step_set(t, s, field, value);
	step_set(t, s, arena_printf(t->arena, "old-%s", field), old);
}

void txn_member(struct txn *t, const char *id, const char *user, bool add_him)
{
	struct step *s = add(t, &step_member, PHASE_MEMBERS, id);

	step_set(t, s, "user", user);
	step_set(t, s, "member", add_him ? "true" : "false");
}
