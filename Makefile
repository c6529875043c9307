# l4sync: build, test, install. `make help` lists the targets.
B ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= gcc
CLANG ?= clang
VERSION := 0.1
FUZZ_SECONDS ?= 60

# What the whole program needs, and what the client part (the laptop) needs.
PKGS := libsystemd yaml-0.1 libgit2 zlib jansson nettle libseccomp
CLIENT_PKGS := jansson

WARN := -Wall -Wextra -Wpedantic -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wconversion \
	-Wshadow -Wno-variadic-macros
CFLAGS ?= -O2 -g
BASE_CFLAGS := -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DL4SYNC_VERSION='"$(VERSION)"' \
	-Iinclude
ALL_CFLAGS := $(BASE_CFLAGS) $(WARN) $(if $(CI),-Werror) -fstack-protector-strong \
	$(CFLAGS) $(EXTRA_CFLAGS)
# Asked when the first file is compiled, and once: `make check` installs pkg-config before that.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)
PKG_LIBS = $(shell pkg-config --libs $(PKGS))

SRC := $(wildcard reconciler/*.c reconciler/*/*.c modules/*.c)
MAIN := reconciler/client/main.c
NOLOCAL := reconciler/client/nolocal.c
LIB_SRC := $(filter-out $(MAIN) $(NOLOCAL),$(SRC))
CLIENT_SRC := $(wildcard reconciler/client/*.c reconciler/base/*.c)
CLIENT_SRC := $(filter-out reconciler/base/hash.c,$(CLIENT_SRC))
OBJ = $(1:%.c=$(B)/%.o)
LINK = $(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^)

.PHONY: all install man clean help
all: $(B)/l4sync ## the program

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

$(B)/l4sync: $(call OBJ,$(MAIN) $(LIB_SRC))
	$(LINK) $(PKG_LIBS)

# The laptop's program: the same client code, without the host side and its libraries.
$(B)/l4sync-client: PKGS := $(CLIENT_PKGS)
$(B)/l4sync-client: $(call OBJ,$(CLIENT_SRC))
	$(LINK) $(shell pkg-config --libs $(CLIENT_PKGS))

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(PKG_CFLAGS) -MMD -MP -c -o $@ $<

# The program that a trial of a sandbox runs becomes a part of l4sync: a sandbox may have neither
# libraries nor a way to where l4sync is installed.
$(B)/l4sync-probe: reconciler/probe/inside/main.c reconciler/probe/talk.h
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(WARN) $(if $(CI),-Werror) -Os -static -s -o $@ $<
$(B)/reconciler/probe/program.o: reconciler/probe/program.c $(B)/l4sync-probe
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(PKG_CFLAGS) -DL4SYNC_PROBE_PROGRAM='"$(B)/l4sync-probe"' -MMD -MP -c -o $@ $<

# What a package would hold. The manual pages are made by scdoc.
MAN := $(patsubst reconciler/install/man/%.scd,$(B)/man/%,$(wildcard reconciler/install/man/*.scd))
$(B)/man/%: reconciler/install/man/%.scd
	@mkdir -p $(@D)
	scdoc <$< >$@

man: $(MAN)
install: all man ## into DESTDIR, below PREFIX
	install -D -m 0755 $(B)/l4sync $(DESTDIR)$(PREFIX)/bin/l4sync
	for page in $(MAN); do \
		install -D -m 0644 $$page \
			$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit 1; done
	install -D -m 0644 reconciler/install/sysusers.d/l4sync.conf \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/l4sync.conf
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system/basic.target.wants \
		$(DESTDIR)$(PREFIX)/lib/systemd/system/multi-user.target.wants
	for unit in $(notdir $(basename $(wildcard reconciler/install/systemd/*.in))); do \
		sed 's|@PREFIX@|$(PREFIX)|' reconciler/install/systemd/$$unit.in \
			>$(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit || exit 1; done
	ln -sf ../l4sync-recover.service \
		$(DESTDIR)$(PREFIX)/lib/systemd/system/basic.target.wants/l4sync-recover.service
	ln -sf ../l4sync-confirm.service \
		$(DESTDIR)$(PREFIX)/lib/systemd/system/multi-user.target.wants/l4sync-confirm.service
	install -D -m 0644 reconciler/install/completions/l4sync \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/l4sync

.PHONY: check check-unit check-net check-client check-host check-vm check-crash \
	check-crash-full check-asan check-fuzz
check: ## all of the following but fuzz, bench and demo; as root it installs what is missing
	@+tests/check.sh

# Unit tests: one program a file in tests/unit, linked with everything but main.
UNIT := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*.c))
$(UNIT): $(B)/tests/unit/%: $(B)/tests/unit/%.o $(call OBJ,$(LIB_SRC))
	$(LINK) $(PKG_LIBS) $(shell pkg-config --libs check)
check-unit: $(UNIT) ## the unit tests and the golden cases
	@tests/unit/run $(UNIT)

# The corpora through the fuzzers' entries, without a fuzzer.
FUZZ := $(patsubst tests/fuzz/%.c,%,$(filter-out tests/fuzz/driver.c,$(wildcard tests/fuzz/*.c)))
$(FUZZ:%=$(B)/tests/fuzz/%): $(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/tests/fuzz/driver.o \
		$(call OBJ,$(LIB_SRC))
	$(LINK) $(PKG_LIBS)
check-fuzz: $(FUZZ:%=$(B)/tests/fuzz/%)
	@tests/fuzz/run corpora $^

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
check-asan: ## unit tests and fuzz corpora with the address and undefined behaviour sanitizers
	@$(MAKE) --no-print-directory B=$(B)/asan CFLAGS='-O1 -g' EXTRA_CFLAGS='$(SANITIZE)' \
		check-unit check-fuzz

$(B)/tests/net/pull_main: $(B)/tests/net/pull_main.o $(call OBJ,$(LIB_SRC))
	$(LINK) $(PKG_LIBS)
check-net: $(B)/tests/net/pull_main ## pulling over ssh and https, from servers on loopback ports
	@tests/net/pull.sh $<

# It must need nothing of the host's libraries.
check-client: $(B)/l4sync-client ## the laptop's program builds with jansson alone
	@! ldd $< | grep -E 'systemd|git2|yaml|nettle'
	@$< --version

# What the tests on real hosts ask systemd's side of the program with.
PROBE_SRC := $(wildcard reconciler/base/*.c reconciler/resources/resources.c reconciler/host/*.c \
	reconciler/units/*.c reconciler/plan/sysctl_sources.c)
$(B)/tests/host/systemd_probe: $(B)/tests/host/probe_properties.o
$(B)/tests/host/%_probe: $(B)/tests/host/%_probe.o $(call OBJ,$(PROBE_SRC))
	$(LINK) $(shell pkg-config --libs libsystemd nettle)

check-host: ## the program on a real systemd, in containers (root)
	@tests/host/run container
check-vm: ## with a kernel of its own, in a virtual machine (root)
	@tests/host/run vm
$(B)/tests/crash/fingerprint: $(B)/tests/crash/fingerprint.o $(call OBJ,$(wildcard reconciler/base/*.c))
	$(LINK) $(PKG_LIBS)
$(B)/tests/crash/oom.so: tests/crash/oom.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fPIC -shared -o $@ $< -ldl
CRASH := $(B)/l4sync $(B)/tests/crash/fingerprint
check-crash: $(CRASH) $(B)/tests/crash/oom.so ## killed and refused at system calls of an apply
	@tests/crash/run $(abspath $(CRASH)) quick
check-crash-full: $(CRASH) $(B)/tests/crash/oom.so ## at every one of them: half an hour
	@tests/crash/run $(abspath $(CRASH)) full

.PHONY: fuzz bench lint format demo
fuzz: ## each fuzzer for FUZZ_SECONDS
	@$(MAKE) --no-print-directory B=$(B)/fuzz CC=$(CLANG) CFLAGS='-O1 -g' \
		EXTRA_CFLAGS='$(SANITIZE) -fsanitize=fuzzer-no-link' fuzz-run
fuzz-run: $(FUZZ:%=$(B)/tests/fuzz/%.fuzz)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run fuzz $^
$(B)/tests/fuzz/%.fuzz: $(B)/tests/fuzz/%.o $(call OBJ,$(LIB_SRC))
	$(LINK) -fsanitize=fuzzer $(PKG_LIBS)

bench: $(B)/tests/bench/history ## how long a plan of 200 resources takes (root)
	@tests/bench/run $<
$(B)/tests/bench/history: $(B)/tests/bench/history.o $(call OBJ,$(LIB_SRC))
	$(LINK) $(PKG_LIBS)

lint: ## clang-tidy, cppcheck, shellcheck, clang-format, sizes, names at the top
	@CFLAGS="$(filter-out -DL4SYNC_VERSION%,$(BASE_CFLAGS)) $(shell pkg-config --cflags $(PKGS) check)" tests/lint/run
format: ## C sources as .clang-format says
	@find reconciler modules include tests -name '*.[ch]' -exec clang-format -i {} +
demo: ## the main job, shown in a container (root)
	@tests/need.sh && tests/demo/demo.sh

clean: ## removes what was built
	rm -rf $(B)

-include $(shell find $(B)/reconciler $(B)/modules $(B)/tests -name '*.d' 2>/dev/null)
