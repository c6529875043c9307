/*
 * One fetch from a remote (remote.h): credentials, certificates, limits, progress.
 * Asks nobody, follows no redirect but the first, fetches no submodule.
 * Called by pull().
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "l4sync/git.h"
#include "l4sync/remote.h"
#include "l4sync/text.h"

#define PROGRESS_NS 500000000ull

struct fetch {
	struct arena *arena;
	const struct source *src;
	struct url url;
	struct host_keys keys;
	bool key_offered;
	void (*progress)(void *userdata, const char *text);
	void *userdata;
	unsigned long long progress_ns; /* when the last line was shown */
	/* Why a callback of ours stopped the transfer: says more than libgit2's text about it. */
	int refused;
	struct err refusal;
};

/* Where a file of the configuration is, or belongs. */
static const char *config_file(struct fetch *f, const char *name)
{
	const char *dir = f->src->config_dir ? f->src->config_dir : CONFIG_DIR;

	return arena_printf(f->arena, "%s/%s", dir, name);
}

/* The value a callback returns to stop libgit2, which hands negative values on. */
static int refuse(struct fetch *f, int code)
{
	f->refused = code;
	return GIT_EUSER;
}

static int on_credentials(
	git_credential **ret, const char *url, const char *user, unsigned allowed, void *userdata)
{
	struct fetch *f = userdata;
	struct err *e = &f->refusal;

	(void)url;
	if (allowed & GIT_CREDENTIAL_USERNAME)
		return git_credential_username_new(ret, f->url.user ? f->url.user : "git");
	if (f->url.kind != URL_SSH)
		return refuse(f,
			err_set(e, -EACCES,
				"it needs a login, or does not exist; use ssh with a deploy key"));
	if (!f->src->deploy_key)
		return refuse(f, err_set(e, -EACCES,
					 "it needs a deploy key and none is configured; put the "
					 "private key into %s",
					 config_file(f, "deploy_key")));
	if (!(allowed & GIT_CREDENTIAL_SSH_MEMORY))
		return refuse(
			f, err_set(e, -EACCES, "the server does not accept keys for user \"%s\"",
				   user ? user : f->url.user));
	if (f->key_offered)
		return refuse(f, err_set(e, -EACCES,
					 "the server refused the deploy key for user \"%s\"; add "
					 "its public half to the repository's deploy keys",
					 user ? user : f->url.user));
	f->key_offered = true;
	return git_credential_ssh_key_memory_new(
		ret, user ? user : f->url.user, NULL, f->src->deploy_key, NULL);
}

static int on_certificate(git_cert *cert, int valid, const char *host, void *userdata)
{
	struct fetch *f = userdata;
	const git_cert_hostkey *key = (const git_cert_hostkey *)cert;
	int r;

	if (f->url.kind == URL_HTTPS && cert->cert_type != GIT_CERT_HOSTKEY_LIBSSH2 && valid)
		return 0;
	if (f->url.kind == URL_HTTPS)
		return refuse(f,
			err_set(&f->refusal, -EACCES,
				"the certificate of %s is not valid for it (name, time or "
				"authority); a private authority belongs into "
				"/usr/local/share/ca-certificates, then run update-ca-certificates",
				host));
	if (cert->cert_type != GIT_CERT_HOSTKEY_LIBSSH2 || !(key->type & GIT_CERT_SSH_RAW))
		return refuse(f, err_set(&f->refusal, -EACCES, "%s shows no host key", host));
	r = host_keys_check(&f->keys, key->hostkey, key->hostkey_len, &f->refusal);
	return r < 0 ? refuse(f, r) : 0;
}

static bool progress_is_due(struct fetch *f)
{
	struct timespec t;

	if (!f->progress)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &t);
	unsigned long long now =
		(unsigned long long)t.tv_sec * 1000000000u + (unsigned long)t.tv_nsec;
	if (f->progress_ns && now - f->progress_ns < PROGRESS_NS)
		return false;
	f->progress_ns = now;
	return true;
}

static int on_transfer(const git_indexer_progress *p, void *userdata)
{
	struct fetch *f = userdata;

	if (p->received_bytes > PULL_SIZE_MAX || p->total_objects > GIT_OBJECTS_MAX)
		return refuse(f, err_set(&f->refusal, -EFBIG,
					 "it has more than %zu MiB or %u objects to send: that is "
					 "no repository of states",
					 PULL_SIZE_MAX >> 20, GIT_OBJECTS_MAX));
	if (progress_is_due(f))
		f->progress(f->userdata, arena_printf(f->arena,
						 "pulling %s: %u of %u objects, "
						 "%.1f MiB",
						 f->src->url, p->received_objects, p->total_objects,
						 (double)p->received_bytes / (1 << 20)));
	return 0;
}

/*
 * libgit2 asks the server for the kinds of host key that $HOME/.ssh/known_hosts has. It gets the
 * lines that ssh-keygen found for this host, so that the server does not show a kind of key that
 * nobody wrote down. 1.5 fails without HOME and knows no other way to set it.
 */
static int make_home(struct fetch *f, const char *home_dir, struct err *e)
{
	const char *dir = arena_printf(f->arena, "%s/.ssh", home_dir);
	const char *path = arena_printf(f->arena, "%s/known_hosts", dir);

	if ((mkdir(home_dir, 0700) < 0 && errno != EEXIST) ||
		(mkdir(dir, 0700) < 0 && errno != EEXIST))
		return err_errno(e, -errno, "cannot make %s", dir);
	FILE *file = fopen(path, "we");
	if (!file)
		return err_errno(e, -errno, "cannot write %s", path);
	for (size_t i = 0; i < f->keys.n; i++)
		if (!f->keys.keys[i].revoked)
			fprintf(file, "%s %s %s\n", f->keys.name, f->keys.keys[i].type,
				f->keys.keys[i].base64);
	if (fclose(file) != 0)
		return err_errno(e, -errno, "cannot write %s", path);
	if (setenv("HOME", home_dir, 1) < 0)
		return err_errno(e, -errno, "cannot set HOME");
#if LIBGIT2_VER_MAJOR > 1 || LIBGIT2_VER_MINOR >= 7
	git_libgit2_opts(GIT_OPT_SET_HOMEDIR, home_dir);
#endif
	return 0;
}

static int prepare(struct fetch *f, const char *home_dir, struct err *e)
{
	const char *known_hosts = config_file(f, "known_hosts");
	int r = url_parse(f->arena, f->src->url, &f->url, e);

	if (r < 0 || f->url.kind != URL_SSH)
		return r;
	if (!f->src->known_hosts)
		return err_set(e, -EACCES,
			"no known_hosts is configured, so %s cannot be told from an impostor; make "
			"one with `ssh-keyscan -p %u %s >%s` and compare it",
			f->url.host, f->url.port, f->url.host, known_hosts);
	r = host_keys_find(
		f->arena, f->src->known_hosts, known_hosts, f->url.host, f->url.port, &f->keys, e);
	return r < 0 ? r : make_home(f, home_dir, e);
}

/* The path of a local source; one that was opened by the parent is what is meant by the fd. */
static const char *remote_path(struct fetch *f)
{
	return f->src->path_fd < 0 ? f->url.path
				   : arena_printf(f->arena, "/proc/self/fd/%d", f->src->path_fd);
}

static const char *remote_url(struct fetch *f)
{
	return f->url.kind == URL_LOCAL && f->src->path_fd >= 0 ? remote_path(f) : f->url.text;
}

static int failed(struct fetch *f, int git_code, struct err *e)
{
	if (f->refused)
		return err_set(e, f->refused, "%s", err_text(&f->refusal));
	if (f->key_offered && !strncasecmp(git_failure(), "failed to authenticate", 22))
		return err_set(e, -EACCES,
			"cannot use the deploy key (%s): it must be an OpenSSH private key without "
			"a passphrase, best ed25519",
			git_failure());
	if (git_code == GIT_EAUTH)
		return err_set(e, -EACCES, "the server refused the login: %s", git_failure());
	return err_set(e, -EIO, "%s", git_failure());
}

static const char *user_name(struct arena *a)
{
	const struct passwd *p = getpwuid(geteuid());

	return p ? arena_strdup(a, p->pw_name) : arena_printf(a, "%u", geteuid());
}

static int connect_failed(struct fetch *f, int git_code, struct err *e)
{
	const char *text = git_failure();
	struct stat st;

	if (f->url.kind != URL_LOCAL && !f->refused &&
		(text_starts(text, "failed to connect") || text_starts(text, "failed to resolve")))
		return err_set(e, -EHOSTUNREACH, "cannot reach the server: %s", text);
	if (f->url.kind != URL_LOCAL)
		return failed(f, git_code, e);
	/* libgit2 says "unsupported URL protocol" of a path that is not there. */
	if (stat(remote_path(f), &st) < 0)
		return err_errno(e, -errno, "%s", f->url.path);
	/* In other words from version to version, and no more than is said here. */
	if (text_starts(text, "could not find repository"))
		return err_set(e, -ENOENT, "there is no git repository that user %s may read",
			user_name(f->arena));
	return err_set(e, -EIO, "user %s cannot read the git repository there: %s",
		user_name(f->arena), text);
}

/* refs/l4sync/HEAD: the default branch, so that an offline run finds it too. */
static int point_head(git_repository *repo, git_remote *remote)
{
	git_buf branch = {0};
	git_reference *ref = NULL;
	char target[1024];

	int r = git_remote_default_branch(&branch, remote);
	if (r == GIT_ENOTFOUND || (!r && strncmp(branch.ptr, "refs/heads/", 11) != 0)) {
		r = git_reference_remove(repo, "refs/l4sync/HEAD");
		r = r == GIT_ENOTFOUND ? 0 : r;
	} else if (!r && strlen(branch.ptr) < sizeof target - 8) {
		snprintf(target, sizeof target, "refs/l4sync/%s", branch.ptr + strlen("refs/"));
		r = git_reference_symbolic_create(&ref, repo, "refs/l4sync/HEAD", target, 1, NULL);
	}
	git_reference_free(ref);
	git_buf_dispose(&branch);
	return r;
}

static int transfer(git_repository *repo, git_remote *remote, const git_fetch_options *options)
{
	/* Annotated tags are kept as they are and peeled when they are resolved. */
	char *specs[] = {"+refs/heads/*:refs/l4sync/heads/*", "+refs/tags/*:refs/l4sync/tags/*"};
	git_strarray refspecs = {specs, ELEMENTS(specs)};

	int r = git_remote_download(remote, &refspecs, options);
	/* Before the update: a branch "a" that is gone would be in the way of a new "a/b". */
	if (!r)
		r = git_remote_prune(remote, &options->callbacks);
	if (!r)
		r = git_remote_update_tips(
			remote, &options->callbacks, 0, GIT_REMOTE_DOWNLOAD_TAGS_NONE, NULL);
	return r ? r : point_head(repo, remote);
}

static bool has_all(git_repository *repo, const git_remote_head **heads, size_t n)
{
	git_odb *odb = NULL;
	bool all = git_repository_odb(&odb, repo) == 0;

	for (size_t i = 0; i < n && all; i++)
		all = git_odb_exists(odb, &heads[i]->oid);
	git_odb_free(odb);
	return all;
}

static int connect_and_transfer(
	struct fetch *f, git_repository *repo, git_remote *remote, struct err *e)
{
	git_remote_connect_options connect;
	git_fetch_options options;
	const git_remote_head **heads;
	size_t n = 0;

	git_remote_connect_options_init(&connect, GIT_REMOTE_CONNECT_OPTIONS_VERSION);
	git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
	options.callbacks.credentials = on_credentials;
	options.callbacks.certificate_check = on_certificate;
	options.callbacks.transfer_progress = on_transfer;
	options.callbacks.payload = f;
	options.update_fetchhead = 0;
	options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	options.follow_redirects = GIT_REMOTE_REDIRECT_INITIAL;
	connect.callbacks = options.callbacks;
	connect.follow_redirects = options.follow_redirects;

	int r = f->url.kind == URL_LOCAL ? local_check(f->arena, remote_path(f), false, e) : 0;
	if (r < 0)
		return r;
	r = git_remote_connect_ext(remote, GIT_DIRECTION_FETCH, &connect);
	if (r)
		return connect_failed(f, r, e);
	r = git_remote_ls(&heads, &n, remote);
	if (r)
		return failed(f, r, e);
	if (!n)
		return err_set(e, -ENOENT, "it has no commit yet; push a branch to it first");
	if (f->url.kind == URL_LOCAL && !has_all(repo, heads, n))
		r = local_check(f->arena, remote_path(f), true, e);
	if (r < 0)
		return r;
	r = transfer(repo, remote, &options);
	git_remote_disconnect(remote);
	return r ? failed(f, r, e) : 0;
}

/* The descriptor that stands for a local source means nothing to whoever reads the error. */
static void name_source(struct fetch *f, int code, struct err *e)
{
	_cleanup_buf_ struct buf out = BUF_INIT;
	const char *text = err_text(e), *at;

	if (f->src->path_fd < 0 || !f->url.path)
		return;
	const char *internal = remote_path(f);
	size_t n = strlen(internal);
	while ((at = strstr(text, internal))) {
		bool other = at[n] >= '0' && at[n] <= '9';

		buf_add(&out, text, (size_t)(at - text));
		buf_adds(&out, other ? internal : f->url.path);
		text = at + n;
	}
	if (text == err_text(e))
		return;
	buf_adds(&out, text);
	err_set(e, code, "%s", out.data);
}

int remote_fetch(git_repository *repo, const struct source *src, const char *home_dir,
	void (*progress)(void *userdata, const char *text), void *userdata, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct fetch f = {.arena = a, .src = src, .progress = progress, .userdata = userdata};
	git_remote *remote = NULL;

	int r = prepare(&f, home_dir, e);
	if (r < 0)
		return r;
	if (progress_is_due(&f))
		progress(userdata, arena_printf(a, "pulling %s", src->url));
	if (git_remote_create_anonymous(&remote, repo, remote_url(&f)) < 0)
		r = err_set(e, -EINVAL, "%s", git_failure());
	else
		r = connect_and_transfer(&f, repo, remote, e);
	git_remote_free(remote);
	err_clear(&f.refusal);
	if (r < 0)
		name_source(&f, r, e);
	return r;
}
