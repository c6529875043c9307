/*
 * Reading and writing kernel settings (sysctl.h).
 * Decides nothing. Called by the module sysctl and the transaction's sysctl step.
 */
#include "l4sync/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "l4sync/text.h"

#define VALUE_SIZE_MAX 65536 /* bytes; the kernel's own limit of one write is a page */

const char *sysctl_path(struct arena *a, const char *key)
{
	char *path = arena_printf(a, "/proc/sys/%s", key);

	for (char *p = path + strlen("/proc/sys/"); *p; p++)
		*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	return path;
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

/*
 * Settings that the kernel lets nobody loosen until the next boot: key, the value from which there
 * is no way back. Documentation/admin-guide/LSM/Yama.rst and admin-guide/sysctl/kernel.rst.
 */
static const struct {
	const char *key, *final;
} one_way[] = {
	{"kernel.yama.ptrace_scope", "3"},
	{"kernel.kexec_load_disabled", "1"},
	{"kernel.modules_disabled", "1"},
	{"kernel.unprivileged_bpf_disabled", "1"},
};

bool sysctl_is_final(const char *key, const char *value)
{
	for (size_t i = 0; i < ELEMENTS(one_way); i++)
		if (!strcmp(key, one_way[i].key) && !strcmp(value, one_way[i].final))
			return true;
	return false;
}

const char *sysctl_refusal(struct arena *a, const char *key, const char *live, const char *want)
{
	if (!sysctl_is_final(key, live) || !strcmp(want, live))
		return NULL;
	return arena_printf(a,
		"%s is %s, and the kernel refuses every other value until the next boot: reboot "
		"the host before %s can be set, or put %s into the state",
		key, live, want, live);
}
