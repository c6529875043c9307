/*
 * Sets of resources and their canonical form: building, comparing, round trips, every rule of
 * strictness. (Properties over random sets: resources_random.c.)
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "l4sync/resources.h"

#define SHA_OF_ABC "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA_OF_NOTHING "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static const unsigned char key[HASH_SIZE] = "a key of the host, 32 bytes lon";

/* Reads from memory of exactly this size, so that a sanitizer sees a byte read too many. */
static int read_exactly(const char *data, size_t size, struct resources **ret, struct err *e)
{
	char *copy = xmalloc(size);

	if (size)
		memcpy(copy, data, size);
	int r = resources_read(copy, size, ret, e);
	free(copy);
	return r;
}

static void write_all(const struct resources *set, struct buf *out)
{
	resources_write(set, true, true, key, out);
}

static struct resource *add(struct resources *set, const char *id, const char *text)
{
	struct resource *item = resources_add(set, id);

	if (text)
		item->content =
			content_new(set->arena, arena_strdup(set->arena, text), strlen(text));
	return item;
}

START_TEST(golden)
{
	_cleanup_resources_ struct resources *set = resources_new(), *back = NULL;
	_cleanup_buf_ struct buf b = BUF_INIT, again = BUF_INIT;
	_cleanup_err_ struct err e = ERR_INIT;
	struct resource *item;

	resources_meta(set, "source", "b");
	resources_meta(set, "host", "left4me");
	resources_meta(set, "source", "a\nb");
	item = add(set, "file:/etc/x", "abc");
	item->where = (struct where){"root/etc/x", 3, 7};
	item->secret = true;
	resource_add(set->arena, item, "owner", "root");
	resource_add(set->arena, item, "mode", "0640");
	resource_add(set->arena, item, "owner", "");
	add(set, "dir:/etc", NULL);
	add(set, "file:/etc/same", "abc");
	add(set, "file:/etc/empty", "");
	ck_assert_int_eq(resources_sort(set, NULL), 0);
	write_all(set, &b);
	ck_assert_str_eq(b.data, "l4sync-resources 1\n"
				 "meta host left4me\n"
				 "meta source b\n"
				 "meta source a\\nb\n"
				 "dir:/etc\n"
				 "file:/etc/empty\n"
				 "\tcontent " SHA_OF_NOTHING " 0\n"
				 "file:/etc/same\n"
				 "\tcontent " SHA_OF_ABC " 3\n"
				 "file:/etc/x\n"
				 "\tcontent " SHA_OF_ABC " 3\n"
				 "\tfrom root/etc/x:3:7\n"
				 "\tsecret\n"
				 "\t=mode 0640\n"
				 "\t=owner root\n"
				 "\t=owner \n"
				 "blobs 2\n" SHA_OF_ABC " 3\nabc\n" SHA_OF_NOTHING " 0\n\nend\n");
	ck_assert_msg(read_exactly(b.data, b.size, &back, &e) == 0, "%s", err_text(&e));
	item = resources_find(back, "file:/etc/x");
	ck_assert(item->secret);
	ck_assert_str_eq(item->where.file, "root/etc/x");
	ck_assert_uint_eq(item->where.line, 3);
	ck_assert_uint_eq(item->where.column, 7);
	ck_assert_mem_eq(item->content->data, "abc", 3);
	ck_assert_uint_eq(item->n_attrs, 3);
	ck_assert_str_eq(resource_get(item, "owner"), "root");
	ck_assert(resource_has(item, "owner", ""));
	ck_assert_str_eq(resources_get_meta(back, "source"), "b");
	write_all(back, &again);
	ck_assert_str_eq(again.data, b.data);
}
END_TEST

START_TEST(secrets_are_withheld)
{
	_cleanup_resources_ struct resources *set = resources_new(), *back = NULL;
	_cleanup_buf_ struct buf b = BUF_INIT, keyless = BUF_INIT;
	struct content *keyed = content_new(set->arena, "with data", 9);

	add(set, "file:/a", "the secret's bytes")->secret = true;
	keyed->keyed = true;
	add(set, "file:/b", NULL)->content = keyed;
	resources_write(set, true, false, key, &b);
	ck_assert_ptr_null(strstr(b.data, "the secret's bytes"));
	ck_assert_ptr_null(strstr(b.data, "\tcontent sha256:"));
	ck_assert_ptr_nonnull(strstr(b.data, "blobs 0\n")); /* a keyed hash names no blob */
	ck_assert_int_eq(read_exactly(b.data, b.size, &back, NULL), 0);
	ck_assert(content_same(back->items[0]->content, set->items[0]->content, key));
	ck_assert(content_same(set->items[0]->content, back->items[0]->content, key));
	ck_assert(!content_same(back->items[0]->content, set->items[0]->content, NULL));

	resources_write(set, true, false, NULL, &keyless);
	ck_assert_ptr_nonnull(strstr(keyless.data, "hmac-sha256:" ZEROS " 18\n"));
	resources_free(back);
	ck_assert_int_eq(read_exactly(keyless.data, keyless.size, &back, NULL), 0);
	ck_assert(!content_same(back->items[0]->content, set->items[0]->content, key));
	/* two of which nothing is known are not known to be the same */
	ck_assert(!content_same(back->items[0]->content, back->items[0]->content, key));
}
END_TEST

#define HEAD "l4sync-resources 1\n"
#define TAIL "blobs 0\nend\n"

static const struct {
	const char *text, *error;
} refused[] = {
	{"", "line 1: the end is missing"},
	{"l4sync-resources 1", "line 1: the end is missing"},
	{"l4sync-resources 2\n" TAIL, "line 1: \"l4sync-resources 1\" is expected"},
	{"l4sync-resources 1 \n" TAIL, "line 1"},
	{"\n" TAIL, "line 1"},
	{HEAD, "line 2: the end is missing"},
	{HEAD "blobs 0\n", "line 3: the end is missing"},
	{HEAD "blobs 0\nend", "line 3: the end is missing"},
	{HEAD "blobs 0\nend\n\n", "line 3: \"end\" and nothing behind it"},
	{HEAD "blobs 0\nEnd\n", "line 3: \"end\""},
	{HEAD "\n" TAIL, "line 2: a resource's id"},
	{HEAD "blobs 1\nend\n", "line 3: a blob's hash and size"},
	{HEAD "blobs \nend\n", "line 2: blobs: a count"},
	{HEAD "blobs 00\nend\n", "line 2: blobs: a count"},
	{HEAD "blobs -1\nend\n", "line 2: blobs: a count"},
	{HEAD "blobs +1\nend\n", "line 2: blobs: a count"},
	{HEAD "blobs 0 \nend\n", "line 2: blobs: a count"},
	{HEAD "blobs 100001\nend\n", "line 2: blobs: a count"},
	{HEAD "blobs 99999999999999999999\nend\n", "line 2: blobs: a count"},
	{HEAD "meta x\n" TAIL, "line 2: a name and a value"},
	{HEAD "meta  x\n" TAIL, "line 2: a name and a value"},
	{HEAD "meta b 1\nmeta a 1\n" TAIL, "line 3: metas are not in order"},
	{HEAD "meta a \\x41\n" TAIL, "line 2: an escape that is not the canonical one"},
	{HEAD "meta a \\x00\n" TAIL, "line 2: an escape"},
	{HEAD "a:b\nmeta a 1\n" TAIL, "line 3: a resource's id"},
	{HEAD "a:b\nmeta a:1\n" TAIL, "line 3: a resource's id"},
	{HEAD "a\n" TAIL, "line 2: a resource's id"},
	{HEAD "a:\n" TAIL, "line 2: a resource's id"},
	{HEAD ":b\n" TAIL, "line 2: a resource's id"},
	{HEAD "A:b\n" TAIL, "line 2: a resource's id"},
	{HEAD "a b:c\n" TAIL, "line 2: a resource's id"},
	{HEAD "a:\xff\n" TAIL, "line 2: a resource's id"},
	{HEAD "a:b\na:b\n" TAIL, "line 3: resources are not in order"},
	{HEAD "b:b\na:b\n" TAIL, "line 3: resources are not in order"},
	{HEAD "\tsecret\n" TAIL, "line 2: a detail without a resource"},
	{HEAD "a:b\n\t\n" TAIL, "line 3: content, from, secret or an attribute"},
	{HEAD "a:b\n\tSecret\n" TAIL, "line 3: content, from"},
	{HEAD "a:b\n\tsecret \n" TAIL, "line 3: content, from"},
	{HEAD "a:b\n\tsecret\n\tsecret\n" TAIL, "line 4: content, from"},
	{HEAD "a:b\n\tsecret\n\tfrom f:1:1\n" TAIL, "line 4: content, from"},
	{HEAD "a:b\n\tfrom f:1:1\n\tfrom f:1:1\n" TAIL, "line 4: content, from"},
	{HEAD "a:b\n\tsecret\n\tcontent " SHA_OF_ABC " 3\n" TAIL, "line 4: content, from"},
	{HEAD "a:b\n\t=a b\n\tsecret\n" TAIL, "line 4: content, from"},
	{HEAD "a:b\n\t=a\n" TAIL, "line 3: a name and a value"},
	{HEAD "a:b\n\t= a\n" TAIL, "line 3: a name and a value"},
	{HEAD "a:b\n\t=b 1\n\t=a 1\n" TAIL, "line 4: attributes are not in order"},
	{HEAD "a:b\n\t=a \t\n" TAIL, "line 3: an escape"},
	{HEAD "a:b\n\tfrom f\n" TAIL, "line 3: from: FILE:LINE:COLUMN"},
	{HEAD "a:b\n\tfrom f:1\n" TAIL, "line 3: from:"},
	{HEAD "a:b\n\tfrom :1:1\n" TAIL, "line 3: from:"},
	{HEAD "a:b\n\tfrom f:01:1\n" TAIL, "line 3: from:"},
	{HEAD "a:b\n\tfrom f:1:4294967296\n" TAIL, "line 3: from:"},
	{HEAD "a:b\n\tfrom f::1\n" TAIL, "line 3: from:"},
	{HEAD "a:b\n\tfrom f\\:1:1\n" TAIL, "line 3: from:"},
	{HEAD "a:b\n\tcontent \n" TAIL, "line 3: content: a hash and a size"},
	{HEAD "a:b\n\tcontent sha256:12 3\n" TAIL, "line 3: content:"},
	{HEAD "a:b\n\tcontent " SHA_OF_ABC "\n" TAIL, "line 3: content:"},
	{HEAD "a:b\n\tcontent " SHA_OF_ABC " \n" TAIL, "line 3: content:"},
	{HEAD "a:b\n\tcontent " SHA_OF_ABC " 03\n" TAIL, "line 3: content:"},
	{HEAD "a:b\n\tcontent " SHA_OF_ABC " 67108865\n" TAIL, "line 3: content:"},
	{HEAD "a:b\n\tcontent " SHA_OF_ABC "0 3\n" TAIL, "line 3: content:"},
	{HEAD "a:b\n\tcontent md5:" ZEROS " 3\n" TAIL, "line 3: content:"},
	{HEAD "a:b\n\tcontent :" ZEROS " 3\n" TAIL, "line 3: content:"},
	{HEAD "a:b\n\tcontent :" ZEROS " 3", "line 3: the end is missing"},
	{HEAD "a:b\n\tcontent SHA256:" ZEROS " 3\n" TAIL, "line 3: content:"},
	{HEAD "blobs 1\n" SHA_OF_ABC " 3\nabc\nend\n",
		"line 3: a blob out of order, or that nothing"},
	{HEAD "blobs 1\n:" ZEROS " 3\n", "line 3: a blob's hash"},
	{HEAD "a:b\n\tcontent " SHA_OF_ABC " 3\nblobs 1\n" SHA_OF_ABC " 3\nabd\nend\n",
		"line 5: a blob does not have the hash"},
	{HEAD "a:b\n\tcontent " SHA_OF_ABC " 3\nblobs 1\n" SHA_OF_ABC " 3\nabcend\n",
		"line 5: a blob is cut off"},
	{HEAD "a:b\n\tcontent " SHA_OF_ABC " 3\nblobs 1\n" SHA_OF_ABC " 3\nabc",
		"line 5: a blob is cut off"},
	{HEAD "a:b\n\tcontent " SHA_OF_ABC " 3\nblobs 1\n" SHA_OF_ABC " 4\nabc\nend\n",
		"line 5: a blob is cut off"},
	{HEAD "a:b\n\tcontent " SHA_OF_ABC " 4\nblobs 1\n" SHA_OF_ABC " 3\nabc\nend\n",
		"line 5: a content's size is not its blob's"},
	{HEAD "a:b\n\tcontent " SHA_OF_ABC " 3\nblobs 2\n" SHA_OF_ABC " 3\nabc\n" SHA_OF_ABC
	      " 3\nabc\nend\n",
		"line 6: a blob out of order"},
	{HEAD "a:b\n\tcontent hmac-" SHA_OF_ABC " 3\nblobs 1\n" SHA_OF_ABC " 3\nabc\nend\n",
		"line 5: a blob out of order, or that nothing names"},
	{HEAD "a:b\n\tcontent hmac-" SHA_OF_ABC " 3\nblobs 1\nhmac-" SHA_OF_ABC " 3\nabc\nend\n",
		"line 5: a blob's hash and size"},
};

START_TEST(refuses)
{
	_cleanup_err_ struct err e = ERR_INIT;
	struct resources *back = NULL;
	const char *text = refused[_i].text;

	ck_assert_msg(
		read_exactly(text, strlen(text), &back, &e) == -EBADMSG, "accepted: %s", text);
	ck_assert_ptr_null(back);
	ck_assert_msg(strstr(err_text(&e), refused[_i].error) &&
			      !strncmp(err_text(&e), "canonical form, ", 16),
		"%s\nsaid: %s", text, err_text(&e));
}
END_TEST

START_TEST(refuses_nul)
{
	static const char text[] = HEAD "a:b\0c\n" TAIL;
	struct resources *back = NULL;

	ck_assert_int_eq(read_exactly(text, sizeof(text) - 1, &back, NULL), -EBADMSG);
}
END_TEST

START_TEST(limits)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	_cleanup_err_ struct err e = ERR_INIT;
	struct resources *back = NULL;

	buf_adds(&b, HEAD);
	for (unsigned i = 0; i <= (_i ? ATTRS_MAX : RESOURCES_MAX); i++)
		if (_i)
			buf_adds(&b, i ? "\t=a b\n" : "a:b\n\t=a b\n");
		else
			buf_addf(&b, "a:%06u\n", i);
	buf_adds(&b, TAIL);
	ck_assert_int_eq(resources_read(b.data, b.size, &back, &e), -E2BIG);
	ck_assert_ptr_nonnull(strstr(err_text(&e), _i ? "attributes" : "resources"));
	ck_assert_int_eq(resources_read(b.data, (size_t)RESOURCES_SIZE_MAX + 1, &back, &e), -E2BIG);
}
END_TEST

START_TEST(attributes)
{
	_cleanup_resources_ struct resources *set = resources_new();
	struct resource *a = add(set, "x:a", NULL), *b = add(set, "x:b", NULL);

	resource_add(set->arena, a, "k", "2");
	resource_add(set->arena, a, "a", "0");
	resource_add(set->arena, a, "k", "1");
	struct resource copy = *a;
	ck_assert(!resource_same(a, b, "k"));
	ck_assert(resource_same(a, b, "none"));
	ck_assert(resource_same(NULL, b, "k"));
	ck_assert(resource_same(NULL, NULL, "k"));
	ck_assert(!resource_same(a, NULL, "k"));
	resource_add(set->arena, b, "k", "2");
	ck_assert(!resource_same(a, b, "k"));
	resource_add(set->arena, b, "k", "1");
	ck_assert(resource_same(a, b, "k"));
	resource_set(set->arena, a, "k", "3");
	ck_assert_str_eq(resource_get(a, "k"), "3");
	ck_assert_uint_eq(a->n_attrs, 2);
	resource_set(set->arena, a, "a", NULL);
	ck_assert_ptr_null(resource_get(a, "a"));
	/* a copy of the struct has what it had */
	ck_assert_uint_eq(copy.n_attrs, 3);
	ck_assert_str_eq(resource_get(&copy, "a"), "0");
	ck_assert_str_eq(resource_get(&copy, "k"), "2");
	ck_assert_ptr_null(resource_get(NULL, "k"));
	ck_assert(!resource_has(NULL, "k", "1"));
}
END_TEST

START_TEST(names_and_finding)
{
	_cleanup_resources_ struct resources *set = resources_new();
	struct resource *duplicate = NULL;

	ck_assert_int_eq(resources_sort(set, NULL), 0);
	ck_assert_ptr_null(resources_find(set, "x:a"));
	ck_assert_ptr_null(resources_find(NULL, "x:a"));
	for (int i = 0; i < 50; i++)
		add(set, arena_printf(set->arena, "x:%d", i * 7 % 50), NULL);
	ck_assert_int_eq(resources_sort(set, NULL), 0);
	for (int i = 0; i < 50; i++) {
		const char *id = arena_printf(set->arena, "x:%d", i);

		ck_assert_str_eq(resources_find(set, id)->id, id);
	}
	ck_assert_ptr_null(resources_find(set, "x:50"));
	add(set, "x:7", NULL);
	ck_assert_int_eq(resources_sort(set, &duplicate), -EEXIST);
	ck_assert_str_eq(duplicate->id, "x:7");
	ck_assert(resource_is(duplicate, "x"));
	ck_assert(!resource_is(duplicate, "x:7"));
	ck_assert(!resource_is(duplicate, ""));
	ck_assert_str_eq(resource_name("dropin:a.service/b:c"), "a.service/b:c");
	ck_assert_str_eq(resource_name("none"), "none");
}
END_TEST

START_TEST(contents)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct content *abc = content_new(a, "abc", 3), *abd = content_new(a, "abd", 3);
	struct content keyed = {.size = 3, .hash = hash_hmac(key, "abc", 3), .keyed = true},
		       hash_only = *abc;

	hash_only.data = NULL;
	ck_assert(content_same(NULL, NULL, key));
	ck_assert(!content_same(abc, NULL, key));
	ck_assert(!content_same(NULL, abc, key));
	ck_assert(!content_same(abc, abd, key));
	ck_assert(content_same(abc, &hash_only, NULL));
	ck_assert(content_same(abc, &keyed, key));
	ck_assert(content_same(&keyed, abc, key));
	ck_assert(!content_same(abd, &keyed, key));
	ck_assert(!content_same(&hash_only, &keyed, key)); /* cannot be told */
	ck_assert(content_same(&keyed, &keyed, NULL));
	ck_assert_ptr_nonnull(content_new(a, NULL, 0)->data); /* known: it is empty */
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("resources");
	TCase *tc = tcase_create("resources");
	SRunner *runner = srunner_create(suite);

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, golden);
	tcase_add_test(tc, secrets_are_withheld);
	tcase_add_loop_test(tc, refuses, 0, ELEMENTS(refused));
	tcase_add_test(tc, refuses_nul);
	tcase_add_loop_test(tc, limits, 0, 2);
	tcase_add_test(tc, attributes);
	tcase_add_test(tc, names_and_finding);
	tcase_add_test(tc, contents);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
