/*
 * What of a service's settings makes its sandbox, as lines for the unit that tries it (probe.h).
 * Starts nothing. Called by the derivation of effects.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "l4sync/text.h"
#include "l4sync/unitpath.h"

#include "probe_internal.h"

#define UNIT_NAME_MAX 255u
#define NAME_ROOM 32u /* for what stands before the instance in the name of the trial's unit */

/*
 * As they are written. Not among them: what is no sandbox (limits, scheduling, environment), what
 * would reach a live instance (RemoveIPC= empties what its user has, limits of the memory and
 * LimitNPROC= count it in), and what of [Service] runs commands or passes files on.
 */
static const char plain[] =
	"User Group SupplementaryGroups DynamicUser CapabilityBoundingSet AmbientCapabilities "
	"SecureBits NoNewPrivileges KeyringMode UMask Personality LockPersonality "
	"MemoryDenyWriteExecute RestrictRealtime RestrictSUIDSGID RestrictNamespaces "
	"RestrictAddressFamilies ProtectSystem ProtectHome ProtectHostname ProtectClock "
	"ProtectKernelTunables ProtectKernelModules ProtectKernelLogs ProtectControlGroups "
	"ProtectProc ProcSubset PrivateTmp PrivateDevices PrivateNetwork PrivateIPC PrivatePIDs "
	"PrivateUsers PrivateMounts MountFlags MountAPIVFS BindLogSockets SystemCallFilter "
	"SystemCallErrorNumber SystemCallArchitectures SystemCallLog IPAddressAllow IPAddressDeny "
	"SocketBindAllow SocketBindDeny RestrictNetworkInterfaces DeviceAllow DevicePolicy";

/* Those whose paths may not be there yet. */
static const struct {
	const char *keys;
	void (*carry)(struct carrying *x, const struct setting *s);
} paths[] = {
	{"ReadWritePaths ReadOnlyPaths InaccessiblePaths ExecPaths NoExecPaths", carry_paths},
	{"BindPaths BindReadOnlyPaths", carry_binds},
	{"TemporaryFileSystem", carry_empty_mounts},
	{"RuntimeDirectory StateDirectory CacheDirectory LogsDirectory ConfigurationDirectory",
		carry_directories},
	{"WorkingDirectory", carry_working_directory},
	{"NetworkNamespacePath IPCNamespacePath", carry_namespace},
	{"RootDirectory", carry_root},
};

/* Parts of a sandbox that only the service itself can have. */
static const char untried[] =
	"AppArmorProfile SELinuxContext SmackProcessLabel PAMName LoadCredential "
	"LoadCredentialEncrypted ImportCredential SetCredentialEncrypted ExtensionImages "
	"ExtensionDirectories MountImages RestrictFileSystems LogNamespace BPFProgram "
	"IPIngressFilterPath IPEgressFilterPath JoinsNamespaceOf";

bool probe_carries(const char *key)
{
	bool carries = text_has_word(plain, key);

	for (size_t i = 0; i < ELEMENTS(paths); i++)
		carries |= text_has_word(paths[i].keys, key);
	return carries;
}

const struct setting *carried(const struct carrying *x, const char *section, const char *key)
{
	for (size_t i = 0; i < x->n; i++)
		if (!strcmp(x->settings[i].section, section) &&
			!strcmp(x->settings[i].type.key, key) && x->settings[i].n_lines)
			return &x->settings[i];
	return NULL;
}

const char *carried_last(const struct carrying *x, const char *key)
{
	const struct setting *s = carried(x, "Service", key);

	return s ? s->lines[s->n_lines - 1] : NULL;
}

bool carried_yes(const struct carrying *x, const char *key)
{
	const struct setting *s = carried(x, "Service", key);

	return s &&
	       strcmp(directive_value(x->arena, &s->type, s->lines[s->n_lines - 1]), "no") != 0;
}

void carry_refuse(struct carrying *x, const char *format, ...)
{
	va_list ap;

	if (x->probe->reason)
		return;
	va_start(ap, format);
	x->probe->reason = arena_vprintf(x->arena, format, ap);
	va_end(ap);
}

void carry_leave_out(struct carrying *x, const char *format, ...)
{
	struct probe *p = x->probe;
	const char **longer = arena_array(x->arena, const char *, p->n_left_out + 1);
	va_list ap;

	if (p->n_left_out)
		memcpy(longer, p->left_out, p->n_left_out * sizeof *longer);
	va_start(ap, format);
	longer[p->n_left_out++] = arena_vprintf(x->arena, format, ap);
	va_end(ap);
	p->left_out = longer;
}

/* The trial's unit has the service's instance, but another name: what says that is filled in. */
static bool fill_in(struct carrying *x, char c, struct buf *out)
{
	const char specifier[] = {'%', c, '\0'};
	const char *value =
		strchr("nNpj", c) ? unit_specifiers(x->arena, x->probe->unit, specifier) : NULL;

	if (!value || strchr(value, '\\'))
		return false;
	for (; *value; value++)
		buf_adds(out, *value == '%' ? "%%" : (const char[]){*value, '\0'});
	return true;
}

void carry_line(struct carrying *x, const char *key, const char *value)
{
	buf_addf(&x->text, "%s=", key);
	for (const char *s = value; *s; s++) {
		if (*s != '%' || !s[1]) {
			buf_addc(&x->text, *s);
		} else if (!strchr("nNpjPJyY", *++s)) {
			buf_addc(&x->text, '%');
			buf_addc(&x->text, *s);
		} else if (!fill_in(x, *s, &x->text)) {
			carry_refuse(
				x, "%s= has %%%c, which stands for something else there", key, *s);
		}
	}
	buf_addc(&x->text, '\n');
}

/* Whoever the plan has yet to make cannot be become. */
static void check_names(struct carrying *x, const char *key, bool is_group)
{
	const struct setting *s = carried(x, "Service", key);
	struct host *h = unit_view_host(x->view);
	uid_t uid;
	gid_t gid;

	for (size_t i = 0; s && i < s->n; i++) {
		const char *name = s->values[i];
		int r = strchr(name, '%') || !*name ? 0
			: is_group                  ? host_gid(h, name, &gid, NULL)
						    : host_uid(h, name, &uid, NULL);

		if (r == -ENOENT)
			carry_refuse(x, "there is no %s %s yet", is_group ? "group" : "user", name);
	}
}

static void carry_setting(struct carrying *x, const struct setting *s)
{
	const char *key = s->type.key;
	bool is_name = !strcmp(key, "User") || !strcmp(key, "Group");

	if (text_has_word(untried, key))
		carry_leave_out(x, "%s=", key);
	if (strcmp(s->section, "Service") != 0)
		return;
	for (size_t i = 0; i < ELEMENTS(paths); i++)
		if (text_has_word(paths[i].keys, key))
			paths[i].carry(x, s);
	/* The name of a dynamic user would be shared with a live instance. */
	if (!text_has_word(plain, key) || (is_name && x->is_dynamic))
		return;
	for (size_t i = 0; i < s->n_lines; i++)
		carry_line(x, key, s->lines[i]);
}

static void check_whole(struct carrying *x)
{
	if (strlen(x->probe->unit) + NAME_ROOM > UNIT_NAME_MAX)
		carry_refuse(x, "its name is too long for another one of its kind");
	if (carried_last(x, "RootImage"))
		carry_refuse(x, "it has RootImage=");
	if (!x->is_dynamic) {
		check_names(x, "User", false);
		check_names(x, "Group", true);
	}
	check_names(x, "SupplementaryGroups", true);
}

/* a-b.slice is in a.slice. */
static void find_slice(struct carrying *x)
{
	const char *name = carried_last(x, "Slice");

	name = name ? unit_specifiers(x->arena, x->probe->unit, name) : NULL;
	while (name && !x->probe->slice) {
		struct unit_config before, after;
		struct setting *settings = NULL;
		size_t n = 0;
		char *shorter = arena_strdup(x->arena, name), *dash = strrchr(shorter, '-');

		if (unit_view_configs(x->view, name, &before, &after, NULL) < 0 ||
			unit_settings(x->arena, &after, &settings, &n) < 0)
			n = 0;
		for (size_t i = 0; i < n; i++)
			if (!strcmp(settings[i].type.key, "SocketBindDeny") && settings[i].n_lines)
				x->probe->slice = name;
		if (dash)
			*dash = '\0';
		name = dash ? arena_printf(x->arena, "%s.slice", shorter) : NULL;
	}
}

int probe_new(
	struct plan *p, struct unit_view *view, const char *unit, struct probe *ret, struct err *e)
{
	struct carrying x = {.plan = p, .view = view, .arena = p->arena, .probe = ret};
	struct unit_config before, after;
	struct setting *settings = NULL;
	int r = unit_view_configs(view, unit, &before, &after, e);

	*ret = (struct probe){
		.unit = unit, .rules = unit_resource(p->arena, p->want, "verify", unit)};
	if (r < 0)
		return r;
	r = unit_settings(p->arena, &after, &settings, &x.n);
	if (r < 0) {
		ret->reason = r == -ENODATA ? "what is in a file of it is secret"
					    : "systemd cannot read its file to the end";
		return 0;
	}
	x.settings = settings;
	x.is_dynamic = carried_yes(&x, "DynamicUser");
	const char *root = carried_last(&x, "RootDirectory");
	x.root = root ? unit_specifiers(p->arena, unit, root) : NULL;
	check_whole(&x);
	find_slice(&x);
	for (size_t i = 0; i < x.n; i++)
		if (settings[i].n_lines)
			carry_setting(&x, &settings[i]);
	ret->program = carry_program(&x);
	ret->settings = arena_strndup(p->arena, x.text.data ? x.text.data : "", x.text.size);
	buf_free(&x.text);
	return 0;
}
