/*
 * What the modules' checks have in common: target paths and attributes. The root part trusts
 * nothing else of what the unprivileged child says. Pure.
 * Called by the reader (paths of the tree) and the modules.
 */
#ifndef L4SYNC_CHECK_H
#define L4SYNC_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "l4sync/err.h"
#include "l4sync/mem.h"
#include "l4sync/resources.h"

#define CHECK_PATH_MAX 4095u   /* bytes, PATH_MAX without its NUL */
#define CHECK_NAME_MAX 255u    /* bytes of one component, NAME_MAX */
#define CHECK_VALUE_MAX 65536u /* bytes of an attribute's value */

/*
 * A path that l4sync may manage: absolute, not "/", no empty component, "." or "..", no trailing
 * slash, UTF-8 without control characters, not /proc, /sys, /dev, /run or below. -EINVAL.
 */
int check_path(const char *path, struct err *e);
/* The same, and /run too: what systemd-tmpfiles makes. */
int check_path_made(const char *path, struct err *e);
/* The same, but anywhere. */
int check_path_form(const char *path, struct err *e);

/* UTF-8 without control characters: what may stand on one line. */
bool check_is_line(const char *s);
bool check_is_value(const char *s); /* the same, and tabs */
/* "0644": four octal digits. */
bool check_is_mode(const char *s);
/* A user's or group's name as useradd and systemd take it, or a decimal id that is not "none". */
bool check_is_owner(const char *s);
bool check_is_bool(const char *s); /* "true" or "false" */
/* What a symbolic link may lead to: a path, absolute or not, as short as PATH_MAX wants. */
bool check_is_target(const char *s);
/* "16384", at most UINT64_MAX, no leading zero. */
bool check_is_number(const char *s);

/* One attribute that a type has. */
struct attr_rule {
	const char *key;
	bool (*valid)(const char *value);
	/* Repeated: any number. Text: optional, and texts: repeated, where valid decides on control
	 * characters too, such as newlines. */
	enum { ATTR_OPTIONAL, ATTR_REQUIRED, ATTR_REPEATED, ATTR_TEXT, ATTR_TEXTS } count;
};

/* Every attribute has a rule, a valid value, and stands as often as it may. -EINVAL.
 * rules: ended by an entry whose key is NULL. */
int check_attrs(const struct resource *item, const struct attr_rule *rules, struct err *e);

/* Numbers of lines, "3, 7": of a file whose lines are not all resources. */
bool check_is_lines(const char *s);

/* What a regular file has: owner, group and mode, all required; optional ones of its place. */
extern const struct attr_rule check_file_rules[];

/* -EINVAL unless the bytes are there (wanted) or there is no content (not wanted). */
int check_content(const struct resource *item, bool wanted, struct err *e);

/* Whether the item has the id that a file or link at path must have (places.h). -EINVAL. */
int check_place(const struct resource *item, const char *path, bool is_link, struct err *e);

/*
 * A file (owner, group, mode, content) or a symbolic link (target; content where what it leads to
 * is shipped too) in a unit directory, whose attribute path gives the item's id. -EINVAL.
 */
int check_unit_file(const struct resource *item, struct err *e);

#endif
