# l4sync: build, test, install. `make help` lists the targets.
B ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= gcc
VERSION := 0.1

# What the whole program needs, and what the client part (the laptop) needs.
PKGS := libsystemd yaml-0.1 libgit2 zlib jansson nettle
CLIENT_PKGS := jansson

WARN := -Wall -Wextra -Wpedantic -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wconversion \
	-Wshadow -Wno-variadic-macros
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DL4SYNC_VERSION='"$(VERSION)"' \
	-Iinclude $(WARN) $(if $(CI),-Werror) -fstack-protector-strong \
	$(CFLAGS) $(EXTRA_CFLAGS)
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS = $(shell pkg-config --libs $(PKGS))

SRC := $(wildcard reconciler/*.c reconciler/*/*.c modules/*.c)
MAIN := reconciler/client/main.c
NOLOCAL := reconciler/client/nolocal.c
LIB_SRC := $(filter-out $(MAIN) $(NOLOCAL),$(SRC))
CLIENT_SRC := $(wildcard reconciler/client/*.c reconciler/base/*.c)
CLIENT_SRC := $(filter-out reconciler/base/hash.c,$(CLIENT_SRC))
OBJ = $(1:%.c=$(B)/%.o)

.PHONY: all clean help
all: $(B)/l4sync

$(B)/l4sync: $(call OBJ,$(MAIN) $(LIB_SRC))
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

# The laptop's program: the same client code, without the host side and its libraries.
$(B)/l4sync-client: PKGS := $(CLIENT_PKGS)
$(B)/l4sync-client: $(call OBJ,$(CLIENT_SRC))
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs $(CLIENT_PKGS))

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(PKG_CFLAGS) -MMD -MP -c -o $@ $<

# Unit tests: one program a file in tests/unit, linked with everything but main.
UNIT_SRC := $(wildcard tests/unit/*.c)
UNIT := $(UNIT_SRC:%.c=$(B)/%)
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(call OBJ,$(LIB_SRC))
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) $(shell pkg-config --libs check)

.PHONY: check-unit
.SECONDARY: $(UNIT:%=%.o)
check-unit: $(UNIT)
	@set -e; for t in $(UNIT); do $$t; done

# The transaction, killed and refused at each of its system calls. `make check-crash-full`: all of
# them, half an hour on two cores.
$(B)/tests/crash/fingerprint: $(B)/tests/crash/fingerprint.o $(call OBJ,$(wildcard reconciler/base/*.c))
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

.PHONY: check-crash check-crash-full
check-crash check-crash-full: $(B)/l4sync $(B)/tests/crash/fingerprint
	tests/crash/run $(abspath $^) $(if $(findstring full,$@),full,quick)

# What a package would hold. The manual pages are made by scdoc.
MAN := $(patsubst reconciler/install/man/%.scd,$(B)/man/%,$(wildcard reconciler/install/man/*.scd))
$(B)/man/%: reconciler/install/man/%.scd
	@mkdir -p $(@D)
	scdoc <$< >$@

.PHONY: man install
man: $(MAN)
install: all man
	install -D -m 0755 $(B)/l4sync $(DESTDIR)$(PREFIX)/bin/l4sync
	for page in $(MAN); do \
		install -D -m 0644 $$page \
			$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit 1; done
	install -D -m 0644 reconciler/install/sysusers.d/l4sync.conf \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/l4sync.conf
	install -D -m 0644 reconciler/install/completions/l4sync \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/l4sync

# Pulling over ssh and https, from servers on loopback ports.
$(B)/tests/net/pull_main: $(B)/tests/net/pull_main.o $(call OBJ,$(LIB_SRC))
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

.PHONY: check-net
check-net: $(B)/tests/net/pull_main
	tests/net/pull.sh $<

# The laptop's program must build with jansson alone and need nothing of the host's libraries.
.PHONY: check-client
check-client: $(B)/l4sync-client
	@! ldd $< | grep -E 'systemd|git2|yaml|nettle'
	@$< --version

# What the tests on real hosts ask systemd's side of the program with.
PROBE_SRC := tests/host/systemd_probe.c \
	$(wildcard reconciler/base/*.c reconciler/resources/resources.c reconciler/host/*.c)
$(B)/tests/host/systemd_probe: $(call OBJ,$(PROBE_SRC))
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs libsystemd nettle)

clean:
	rm -rf $(B)

-include $(shell find $(B)/reconciler $(B)/modules $(B)/tests -name '*.d' 2>/dev/null)
