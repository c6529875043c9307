/*
 * dpkg's database as it is on disk: /var/lib/dpkg/status, what its interrupted runs have left in
 * updates/, the architectures (dpkg.h; dpkg's doc/internals and deb822(5)).
 * Changes nothing, runs nothing. Called by what looks at packages.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "l4sync/dpkg.h"
#include "l4sync/text.h"

#define DPKG_DIR "/var/lib/dpkg"
#define STATUS_SIZE_MAX (256u << 20) /* bytes */

static const char *const state_words[] = {
	[DPKG_NOT_INSTALLED] = "not-installed",
	[DPKG_CONFIG_FILES] = "config-files",
	[DPKG_HALF_INSTALLED] = "half-installed",
	[DPKG_UNPACKED] = "unpacked",
	[DPKG_HALF_CONFIGURED] = "half-configured",
	[DPKG_TRIGGERS_AWAITED] = "triggers-awaited",
	[DPKG_TRIGGERS_PENDING] = "triggers-pending",
	[DPKG_INSTALLED] = "installed",
};

const char *dpkg_state_text(enum dpkg_state state)
{
	return state >= DPKG_TRIGGERS_AWAITED ? state_words[DPKG_INSTALLED] : state_words[state];
}

/* A file that is being read. */
struct parsing {
	struct arena *arena;
	const char *file;
	const char *text;
	struct dpkg_status *status;
	struct err *e;
};

/* Lines are counted where one is needed: in the message. */
static int damaged(const struct parsing *x, const char *at, const char *what)
{
	unsigned line = 1;

	for (const char *p = x->text; p < at; p++)
		line += *p == '\n';
	return err_set(x->e, -EBADMSG,
		"%s:%u: %s: dpkg's database is damaged, so nobody can tell what is installed. dpkg "
		"keeps older ones: " DPKG_DIR "/status-old, /var/backups/dpkg.status.0",
		x->file, line, what);
}

/* The value of "FIELD: value", if the line is one of that field. */
static const char *value_of(const char *line, const char *end, const char *field, size_t *ret_size)
{
	size_t n = strlen(field);

	if ((size_t)(end - line) <= n || memcmp(line, field, n) != 0 || line[n] != ':')
		return NULL;
	line += n + 1;
	while (line < end && (*line == ' ' || *line == '\t'))
		line++;
	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*ret_size = (size_t)(end - line);
	return line;
}

/* "install ok installed": what is wanted of it, its error flag, its state. */
static bool take_state(struct dpkg_package *p, char *words)
{
	char *rest = NULL, *want = strtok_r(words, " ", &rest), *flag = strtok_r(NULL, " ", &rest),
	     *state = strtok_r(NULL, " ", &rest);

	if (!state || strtok_r(NULL, " ", &rest))
		return false;
	p->held = !strcmp(want, "hold");
	p->reinstall = !strcmp(flag, "reinstreq");
	for (size_t i = 0; i < ELEMENTS(state_words); i++)
		if (!strcmp(state_words[i], state)) {
			p->state = (enum dpkg_state)i;
			return true;
		}
	return false;
}

static void add(struct parsing *x, const struct dpkg_package *p, bool replaces)
{
	struct dpkg_status *s = x->status;

	for (size_t i = 0; replaces && i < s->n; i++)
		if (!strcmp(s->items[i].name, p->name) &&
			!strcmp(s->items[i].architecture, p->architecture)) {
			s->items[i] = *p;
			return;
		}
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 4096;
		struct dpkg_package *longer = arena_array(x->arena, struct dpkg_package, cap);

		if (s->n)
			memcpy(longer, s->items, s->n * sizeof *longer);
		s->items = longer;
		s->cap = cap;
	}
	s->items[s->n++] = *p;
}

/* The three fields stand at the top: what follows, most of the file, is not looked at. */
static int parse_stanza(struct parsing *x, const char *at, const char *end, bool replaces)
{
	struct dpkg_package p = {.architecture = ""};
	const char *stanza = at;
	bool has_state = false;

	for (const char *next; at < end && !(p.name && has_state && *p.architecture); at = next) {
		const char *newline = memchr(at, '\n', (size_t)(end - at)), *value;
		const char *stop = newline ? newline : end;
		size_t size;

		next = newline ? newline + 1 : end;
		if (*at == ' ' || *at == '\t')
			continue;
		if (!memchr(at, ':', (size_t)(stop - at)) || memchr(at, 0, (size_t)(stop - at)))
			return damaged(x, at, "this is no field of a package");
		if ((value = value_of(at, stop, "Package", &size)))
			p.name = arena_strndup(x->arena, value, size);
		else if ((value = value_of(at, stop, "Architecture", &size)))
			p.architecture = arena_strndup(x->arena, value, size);
		else if ((value = value_of(at, stop, "Status", &size)))
			has_state = take_state(&p, arena_strndup(x->arena, value, size));
		if (value && (!size || !text_is_utf8(value, size)))
			return damaged(x, at, "this field of a package has no value");
	}
	if (!p.name)
		return damaged(x, stanza, "a package without a name");
	if (!has_state)
		return damaged(x, stanza,
			arena_printf(
				x->arena, "the package %s has no state that dpkg knows", p.name));
	add(x, &p, replaces);
	return 0;
}

static int parse(struct parsing *x, size_t size, bool replaces)
{
	const char *at = x->text, *end = at + size;
	int r = 0;

	while (r >= 0 && at < end) {
		if (*at == '\n') {
			at++;
			continue;
		}
		const char *gap = memmem(at, (size_t)(end - at), "\n\n", 2);

		r = parse_stanza(x, at, gap ? gap : end, replaces);
		at = gap ? gap + 2 : end;
	}
	return r;
}

int dpkg_status_parse(struct arena *a, const char *file, const char *text, size_t size,
	struct dpkg_status *status, struct err *e)
{
	struct parsing x = {a, file, text, status, e};

	return parse(&x, size, status->n > 0);
}

/* 1; 0: there is none. dpkg replaces the file as a whole, so what is mapped stays what it is. */
static int read_status(struct host *h, struct arena *a, struct dpkg_status *status, struct err *e)
{
	const char *file = arena_printf(a, "%s" DPKG_DIR "/status", h->root_path);
	struct stat st;
	int fd, r = host_open_following(h, DPKG_DIR "/status", O_RDONLY | O_NONBLOCK, &fd, NULL);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	_cleanup_close_ int closing = r < 0 ? -1 : fd;
	if (r >= 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r >= 0 && (!S_ISREG(st.st_mode) || (size_t)st.st_size > STATUS_SIZE_MAX))
		r = -EFBIG;
	if (r < 0)
		return err_errno(e, r, "cannot read %s", file);
	if (!st.st_size)
		return err_set(e, -EBADMSG,
			"%s is empty: dpkg's database is damaged; it keeps older ones: " DPKG_DIR
			"/status-old, /var/backups/dpkg.status.0",
			file);
	size_t size = (size_t)st.st_size;
	void *text = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (text == MAP_FAILED)
		return err_errno(e, -errno, "cannot read %s", file);
	r = dpkg_status_parse(a, file, text, size, status, e);
	munmap(text, size);
	return r < 0 ? r : 1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Numbered files, of a dpkg that is at work or that was ended before it was done: newer than the
 * status. */
static int list_updates(
	struct host *h, struct arena *a, const char ***ret, size_t *ret_n, struct err *e)
{
	size_t cap = 0;
	struct dirent *d;
	int fd, r = host_open_following(h, DPKG_DIR "/updates", O_RDONLY | O_DIRECTORY, &fd, NULL);

	*ret_n = 0;
	if (r < 0)
		return r == -ENOENT || r == -ENOTDIR
			       ? 0
			       : err_errno(
					 e, r, "cannot read %s" DPKG_DIR "/updates", h->root_path);
	DIR *dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		close(fd);
		return err_errno(e, r, "cannot read %s" DPKG_DIR "/updates", h->root_path);
	}
	const char **names = NULL;
	while ((d = readdir(dir))) {
		if (strspn(d->d_name, "0123456789") != strlen(d->d_name))
			continue;
		names = grow(names, &cap, *ret_n, sizeof *names);
		names[(*ret_n)++] = arena_strdup(a, d->d_name);
	}
	closedir(dir);
	if (*ret_n)
		qsort(names, *ret_n, sizeof *names, by_name);
	*ret = names;
	return 0;
}

static int read_updates(struct host *h, struct arena *a, struct dpkg_status *status, struct err *e)
{
	_cleanup_free_ const char **names = NULL;
	size_t n, size;
	int r = list_updates(h, a, &names, &n, e);

	status->interrupted = n > 0;
	for (size_t i = 0; i < n && r >= 0; i++) {
		const char *path = arena_printf(a, DPKG_DIR "/updates/%s", names[i]);
		const void *text;
		int fd;

		r = host_open_following(h, path, O_RDONLY | O_NONBLOCK, &fd, NULL);
		_cleanup_close_ int closing = r < 0 ? -1 : fd;
		if (r >= 0)
			r = fd_read_all(a, fd, STATUS_SIZE_MAX, &text, &size);
		if (r == -ENOENT) { /* it is in the status by now */
			r = 0;
			continue;
		}
		if (r < 0)
			return err_errno(e, r, "cannot read %s%s", h->root_path, path);
		r = dpkg_status_parse(
			a, arena_printf(a, "%s%s", h->root_path, path), text, size, status, e);
	}
	return r;
}

static int read_architectures(
	struct host *h, struct arena *a, struct dpkg_status *status, struct err *e)
{
	const struct dpkg_package *dpkg = NULL;
	const void *text = "";
	size_t size = 0, at = 0;
	int fd, r;

	/* What `dpkg --print-architecture` says is what dpkg itself was built for. */
	while ((dpkg = dpkg_next(status, "dpkg", &at)) && dpkg->state < DPKG_UNPACKED)
		;
	status->native = dpkg ? dpkg->architecture : "";
	r = host_open_following(h, DPKG_DIR "/arch", O_RDONLY | O_NONBLOCK, &fd, NULL);
	_cleanup_close_ int closing = r < 0 ? -1 : fd;
	if (r >= 0)
		r = fd_read_all(a, fd, 65536, &text, &size);
	if (r < 0 && r != -ENOENT)
		return err_errno(e, r, "cannot read %s" DPKG_DIR "/arch", h->root_path);
	char *rest = NULL, *lines = arena_strndup(a, text, size);
	status->architectures = arena_array(a, const char *, size / 2 + 2);
	status->architectures[status->n_architectures++] = status->native;
	for (char *s = strtok_r(lines, "\n", &rest); s; s = strtok_r(NULL, "\n", &rest))
		if (!dpkg_has_architecture(status, s))
			status->architectures[status->n_architectures++] = s;
	return 0;
}

int dpkg_status_read(struct host *h, struct arena *a, struct dpkg_status **ret, struct err *e)
{
	struct dpkg_status *status = arena_new_of(a, struct dpkg_status);
	int r = read_status(h, a, status, e);

	if (r <= 0)
		return r;
	r = read_updates(h, a, status, e);
	if (r >= 0)
		r = read_architectures(h, a, status, e);
	if (r < 0)
		return r;
	*ret = status;
	return 1;
}

const struct dpkg_package *dpkg_next(const struct dpkg_status *status, const char *name, size_t *at)
{
	const char *colon = strchr(name, ':');
	size_t n = colon ? (size_t)(colon - name) : strlen(name);

	while (*at < status->n) {
		const struct dpkg_package *p = &status->items[(*at)++];

		if (!strncmp(p->name, name, n) && !p->name[n] &&
			(!colon || !strcmp(p->architecture, colon + 1) ||
				(!strcmp(p->architecture, "all") &&
					!strcmp(colon + 1, status->native))))
			return p;
	}
	return NULL;
}

const struct dpkg_package *dpkg_find(const struct dpkg_status *status, const char *name)
{
	const struct dpkg_package *p;

	for (size_t at = 0; (p = dpkg_next(status, name, &at));)
		if (strchr(name, ':') || !strcmp(p->architecture, status->native) ||
			!strcmp(p->architecture, "all") || !*p->architecture)
			return p;
	return NULL;
}

const char *dpkg_short_name(
	struct arena *a, const struct dpkg_status *status, const char *name, const char *arch)
{
	return !*arch || !strcmp(arch, "all") || !strcmp(arch, status->native)
		       ? name
		       : arena_printf(a, "%s:%s", name, arch);
}

const char *dpkg_short(struct arena *a, const struct dpkg_status *status, const char *name)
{
	const char *colon = strchr(name, ':');

	return colon && !strcmp(colon + 1, status->native)
		       ? arena_strndup(a, name, (size_t)(colon - name))
		       : name;
}

bool dpkg_has_architecture(const struct dpkg_status *status, const char *arch)
{
	for (size_t i = 0; i < status->n_architectures; i++)
		if (!strcmp(status->architectures[i], arch))
			return true;
	return false;
}
