/*
 * Reading and writing kernel settings (sysctl.h).
 * Decides nothing. Called by the module sysctl and the transaction's sysctl step.
 */
#include "l4sync/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "l4sync/text.h"

#define VALUE_SIZE_MAX 65536 /* bytes; the kernel's own limit of one write is a page */

#define PROC_SYS "/proc/sys/"

const char *sysctl_exchange(struct arena *a, const char *s)
{
	char *out = arena_strdup(a, s);

	for (char *c = out; *c; c++)
		*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	return out;
}

const char *sysctl_path(struct arena *a, const char *key)
{
	return arena_printf(a, PROC_SYS "%s", sysctl_exchange(a, key));
}

const char *sysctl_normalize(struct arena *a, const char *value)
{
	char *out = arena_alloc(a, strlen(value) + 1), *o = out;

	while (*value) {
		value += strspn(value, " \t\r\n");
		size_t n = strcspn(value, " \t\r\n");

		if (n && o != out)
			*o++ = ' ';
		memcpy(o, value, n);
		o += n;
		value += n;
	}
	return out;
}

int sysctl_read(struct host *h, struct arena *a, const char *key, enum sysctl_state *ret_state,
	const char **ret_value, bool *ret_writable, struct err *e)
{
	const char *path = sysctl_path(a, key);
	_cleanup_close_ int fd = -1;
	struct stat st;
	struct statvfs fs;
	char value[VALUE_SIZE_MAX];
	size_t size = 0;

	*ret_value = NULL;
	*ret_writable = false;
	/* O_PATH first: write-only keys such as vm.drop_caches cannot be opened for reading. */
	int r = host_open_following(h, path, O_PATH, &fd, e);
	if (r == -ENOENT || r == -ENOTDIR) {
		*ret_state = SYSCTL_MISSING;
		return 0;
	}
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0 || fstatvfs(fd, &fs) < 0)
		return err_errno(e, -errno, "cannot look at %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EISDIR, "%s is a group of settings, not a setting", key);
	*ret_writable = (st.st_mode & 0222) && !(fs.f_flag & ST_RDONLY);
	*ret_state = SYSCTL_UNREADABLE;
	if (!(st.st_mode & 0444))
		return 0;
	closep_(&fd);
	fd = -1;
	r = host_open_following(h, path, O_RDONLY, &fd, e);
	if (r < 0)
		return r;
	for (ssize_t n; (n = read(fd, value + size, sizeof value - 1 - size)) != 0;) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, -errno, "cannot read %s", path);
		size += (size_t)n;
	}
	value[size] = '\0';
	*ret_state = SYSCTL_OK;
	*ret_value = sysctl_normalize(a, value);
	return 0;
}

int sysctl_write(struct host *h, struct arena *a, const char *key, const char *value, struct err *e)
{
	const char *path = sysctl_path(a, key), *now;
	_cleanup_close_ int fd = -1;
	enum sysctl_state state;
	bool writable;
	int r = host_open_following(h, path, O_WRONLY, &fd, e);

	if (r < 0)
		return r == -ENOENT ? err_set(e, r, "%s: this kernel has no such setting", key) : r;
	/* One write of the whole value: the kernel takes each write as one assignment. */
	size_t size = strlen(value);
	ssize_t n = write(fd, value, size);
	if (n < 0)
		return err_errno(e, -errno, "the kernel refuses %s = %s", key, value);
	if ((size_t)n != size)
		return err_set(e, -EIO, "%s: only %zd of %zu bytes were taken", key, n, size);
	r = sysctl_read(h, a, key, &state, &now, &writable, e);
	if (r < 0 || state == SYSCTL_UNREADABLE)
		return r;
	if (!now || strcmp(now, sysctl_normalize(a, value)) != 0)
		return err_set(e, -EREMOTEIO, "%s is %s after %s was written", key,
			now ? now : "gone", value);
	return 0;
}

int sysctl_glob(
	struct arena *a, const char *pattern, const char *const **ret, size_t *ret_n, struct err *e)
{
	const char *path = arena_printf(a, PROC_SYS "%s", pattern), **keys;
	glob_t found;
	struct stat st;
	int r = glob(path, GLOB_NOSORT, NULL, &found);

	*ret_n = 0;
	if (r == GLOB_NOMATCH)
		return 0;
	if (r)
		return err_set(e, -EIO, "cannot look for %s", path);
	*ret = keys = arena_array(a, const char *, found.gl_pathc);
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (stat(found.gl_pathv[i], &st) >= 0 && S_ISREG(st.st_mode))
			keys[(*ret_n)++] = sysctl_exchange(a, found.gl_pathv[i] + strlen(PROC_SYS));
	globfree(&found);
	return 0;
}

/*
 * Settings that the kernel lets nobody loosen until the next boot; each row is measured by
 * tests/host/vm/sysctl.test. Documentation/admin-guide/LSM/Yama.rst and
 * admin-guide/sysctl/kernel.rst.
 */
enum way {
	FINAL,      /* once it has the value it takes no other */
	LOWER,      /* once it has not the value (no limit) only lower ones */
	NEVER_BACK, /* once it has not the value it does not take it */
	FEWER_BITS, /* numbers that only lose bits, or */
	MORE_BITS,  /* only gain some: a write that says otherwise is taken, without an error */
};

static const struct {
	const char *key;
	enum way way;
	const char *value;
} one_way[] = {
	{"kernel.kexec_load_disabled", FINAL, "1"},
	{"kernel.kexec_load_limit_panic", LOWER, "-1"},
	{"kernel.kexec_load_limit_reboot", LOWER, "-1"},
	{"kernel.max_rcu_stall_to_panic", NEVER_BACK, "0"},
	{"kernel.modules_disabled", FINAL, "1"},
	{"kernel.tainted", MORE_BITS, NULL},
	{"kernel.unprivileged_bpf_disabled", FINAL, "1"},
	{"kernel.usermodehelper.bset", FEWER_BITS, NULL},
	{"kernel.usermodehelper.inheritable", FEWER_BITS, NULL},
	{"kernel.yama.ptrace_scope", FINAL, "3"},
};

/* Of each number. */
static bool has_no_new_bits(const char *live, const char *want)
{
	for (char *l, *w; *live && *want; live = l, want = w) {
		unsigned long long old = strtoull(live, &l, 10), new = strtoull(want, &w, 10);

		if (l == live || w == want)
			return true; /* no numbers: the kernel's to judge */
		if (new & ~old)
			return false;
	}
	return true;
}

bool sysctl_takes(const char *key, const char *live, const char *want)
{
	for (size_t i = 0; i < ELEMENTS(one_way); i++) {
		const char *value = one_way[i].value;

		if (strcmp(key, one_way[i].key) != 0 || !strcmp(live, want))
			continue;
		switch (one_way[i].way) {
		case FINAL:
			return strcmp(live, value) != 0;
		case LOWER:
			return !strcmp(live, value) ||
			       (strcmp(want, value) != 0 &&
				       strtoll(want, NULL, 10) < strtoll(live, NULL, 10));
		case NEVER_BACK:
			return strcmp(want, value) != 0;
		case FEWER_BITS:
			return has_no_new_bits(live, want);
		case MORE_BITS:
			return has_no_new_bits(want, live);
		}
	}
	return true;
}

const char *sysctl_refusal(struct arena *a, const char *key, const char *live, const char *want)
{
	if (sysctl_takes(key, live, want))
		return NULL;
	return arena_printf(a,
		"%s is %s, and the kernel does not take %s before the next boot: reboot the host "
		"first, or put %s into the state",
		key, live, want, live);
}
