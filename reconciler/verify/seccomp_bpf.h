/* Evaluates programs of classic BPF over a system call that is known in part: seccomp.c's. */
#ifndef L4SYNC_VERIFY_SECCOMP_BPF_H
#define L4SYNC_VERIFY_SECCOMP_BPF_H

#include "seccomp.h"

#define DATA_WORDS 16 /* struct seccomp_data in 32 bits each */

/* A word of which bits are known (of mask, as in value) and which lies between two bounds. */
struct data_word {
	uint32_t mask, value, min, max;
};

struct call_data {
	struct data_word words[DATA_WORDS];
};

void word_known(struct data_word *w, uint32_t mask, uint32_t value);
/* false: no number is so. */
bool word_between(struct data_word *w, uint32_t min, uint32_t max);

/* What came out of the ways through all programs. */
struct outcome {
	bool allowed, denied, supervised;
	bool unlogged;  /* allowed, and no line is written */
	bool intricate; /* there are more ways than were followed */
	bool any, differs;
	uint32_t action; /* the most restrictive */
};

void bpf_evaluate(
	const struct seccomp_filters *f, const struct call_data *data, struct outcome *ret);

#endif
