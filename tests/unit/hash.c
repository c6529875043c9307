/* SHA-256 against FIPS 180's examples, HMAC-SHA-256 against RFC 4231's, and the text forms. */
#include <check.h>
#include <string.h>

#include "l4sync/hash.h"
#include "l4sync/mem.h"

static const struct {
	const char *data;
	size_t times;
	const char *hex;
} vectors[] = {
	{"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

START_TEST(sha256)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char hex[HASH_HEX_MAX];

	for (size_t i = 0; i < vectors[_i].times; i++)
		buf_adds(&b, vectors[_i].data);
	struct hash h = hash_sha256(b.data, b.size);
	hash_hex(&h, hex);
	ck_assert_str_eq(hex, vectors[_i].hex);
}
END_TEST

/* RFC 4231, the cases 1, 2, 3, 4: a shorter key is the same as one filled up with zeros. */
static const struct {
	unsigned char key[HASH_SIZE];
	const char *data;
	size_t size;
	const char *hex;
} hmacs[] = {
	{"\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b",
		"Hi There", 8, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
	{"Jefe", "what do ya want for nothing?", 28,
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	{"\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa",
		"\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
		"\xdd\xdd"
		"\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
		"\xdd\xdd"
		"\xdd\xdd\xdd\xdd\xdd\xdd",
		50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
	{"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16"
	 "\x17"
	 "\x18\x19",
		"\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
		"\xcd\xcd"
		"\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
		"\xcd\xcd"
		"\xcd\xcd\xcd\xcd\xcd\xcd",
		50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
};

START_TEST(hmac)
{
	struct hash h = hash_hmac(hmacs[_i].key, hmacs[_i].data, hmacs[_i].size);
	char hex[HASH_HEX_MAX];

	hash_hex(&h, hex);
	ck_assert_str_eq(hex, hmacs[_i].hex);
}
END_TEST

START_TEST(text)
{
	struct hash h = hash_sha256("abc", 3), back;
	char s[HASH_TEXT_MAX], hex[HASH_HEX_MAX];

	hash_text(&h, "sha256", s);
	ck_assert_str_eq(
		s, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	ck_assert(hash_from_hex(s + 7, &back));
	ck_assert(hash_equal(&h, &back));
	hash_text(&h, "hmac-sha256", s); /* the longest: fits exactly */
	ck_assert_uint_eq(strlen(s), HASH_TEXT_MAX - 1);
	hash_hex(&h, hex);
	back.bytes[31] ^= 1;
	ck_assert(!hash_equal(&h, &back));
}
END_TEST

START_TEST(hex_refuses)
{
	static const char wrong[] = {'A', 'g', ' ', '+', '-', '/', ':', '`', '\0', '\xff'};
	char hex[HASH_HEX_MAX];
	struct hash h = {0};

	for (size_t at = 0; at < 2 * HASH_SIZE; at++) {
		hash_hex(&h, hex);
		hex[at] = wrong[_i];
		ck_assert(!hash_from_hex(hex, &h));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hash");
	TCase *tc = tcase_create("hash");
	SRunner *runner = srunner_create(suite);

	tcase_add_loop_test(tc, sha256, 0, ELEMENTS(vectors));
	tcase_add_loop_test(tc, hmac, 0, ELEMENTS(hmacs));
	tcase_add_test(tc, text);
	tcase_add_loop_test(tc, hex_refuses, 0, 10);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
