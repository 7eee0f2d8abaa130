# QuietAir: one Makefile, no recursion.  `make help` lists the targets; objects go to build/ (build/san with SAN=1).
.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VERSION := 0.1.0
CC      ?= gcc
ifeq ($(origin CC),default)
CC      := gcc
endif
PREFIX  ?= /usr
DESTDIR ?=
Q       := $(if $(V),,@)
say      = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

# ---- flags: what every compiler takes, what only gcc takes, what only x86 takes -------------------------------------
FLAGS_COMMON := -std=c17 -D_GNU_SOURCE -DQUIETAIR_VERSION='"$(VERSION)"' -I. -O2 -g -pthread -MMD -MP \
	-Wall -Wextra -Werror -Wno-missing-field-initializers -Wshadow -Wformat=2 -Wconversion -Wno-sign-conversion -Wimplicit-fallthrough \
	-Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wpointer-arith \
	-fstack-protector-strong -fPIE -ffile-prefix-map=$(CURDIR)=.
FLAGS_GCC    := -Wtrampolines -Wlogical-op -Wduplicated-cond -fstack-clash-protection -ftrivial-auto-var-init=zero \
	-fzero-call-used-regs=used-gpr
FLAGS_X86    := -fcf-protection=full
FLAGS_FORTIFY := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
LINK_COMMON  := -pie -pthread -Wl,-z,relro,-z,now,-z,noexecstack,-z,nodlopen -Wl,--as-needed

is_clang := $(shell $(CC) --version 2>/dev/null | grep -ci clang)
is_x86   := $(filter x86_64 i%86,$(shell uname -m))

ifdef SAN
B        := build/san
FLAGS_SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LINK_COMMON := $(filter-out -Wl$(comma)--as-needed,$(LINK_COMMON)) $(FLAGS_SAN)
else ifdef FUZZ
B        := build/fuzz$(if $(filter fast,$(FUZZ)),-fast)
FLAGS_SAN := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer \
	$(if $(filter fast,$(FUZZ)),-fno-sanitize-coverage=trace-cmp)
LINK_COMMON := $(filter-out -Wl$(comma)--as-needed,$(LINK_COMMON)) $(FLAGS_SAN)
else ifdef COVERAGE
B        := build/coverage
FLAGS_SAN := -O0 --coverage -fprofile-update=atomic
LINK_COMMON += --coverage
else
B        := build
FLAGS_SAN := $(FLAGS_FORTIFY)
endif
comma := ,
CFLAGS_ALL := $(FLAGS_COMMON) $(if $(filter 0,$(is_clang)),$(FLAGS_GCC)) $(if $(is_x86),$(FLAGS_X86)) $(FLAGS_SAN) $(CFLAGS)
LDFLAGS_ALL := $(LINK_COMMON) $(LDFLAGS)

# ---- parts: sources by folder, no list to forget --------------------------------------------------------------------
SRC_common    := $(wildcard common/*.c)
SRC_gateway   := $(filter-out firmware-gateway/main.c,$(wildcard firmware-gateway/*.c))
SRC_tool      := $(wildcard firmware-gateway/tool/*.c)
SRC_collector := $(filter-out collector/main.c,$(wildcard collector/*.c collector/rules/*.c collector/ledger/*.c \
	collector/output/*.c collector/audit/*.c))
SRC_cli       := $(wildcard collector/cli/*.c)
SRC_sim       := $(wildcard tests/sim/*.c)
obj = $(patsubst %.c,$(B)/obj/%.o,$(1))

LIB_common    := $(B)/lib/common.a
LIB_gateway   := $(B)/lib/gateway.a
LIB_collector := $(B)/lib/collector.a

LIBS_common    := -lmosquitto -liniparser -ljansson -lsodium -lz -lm
LIBS_gateway   := -lmodbus
LIBS_collector := -lcurl -lsqlite3 -lcsv -lxlsxwriter

PROGRAMS := $(B)/bin/quietair-gateway $(B)/bin/quietair-bus $(B)/bin/quietair-collector $(B)/bin/quietair $(B)/bin/quietair-sim
UNIT_common    := $(patsubst tests/unit/common/%.c,$(B)/unit/common/%,$(wildcard tests/unit/common/test_*.c))
UNIT_gateway   := $(patsubst tests/unit/gateway/%.c,$(B)/unit/gateway/%,$(wildcard tests/unit/gateway/test_*.c))
UNIT_collector := $(patsubst tests/unit/collector/%.c,$(B)/unit/collector/%,$(wildcard tests/unit/collector/test_*.c))
UNIT_stream    := $(patsubst tests/unit/stream/%.c,$(B)/unit/stream/%,$(wildcard tests/unit/stream/test_*.c))
UNIT_sim       := $(patsubst tests/unit/sim/%.c,$(B)/unit/sim/%,$(wildcard tests/unit/sim/test_*.c))
BENCHES        := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/bench_*.c))
SRC_bench      := $(filter-out $(wildcard tests/bench/bench_*.c),$(wildcard tests/bench/*.c))
FUZZERS        := $(patsubst tests/fuzz/fuzz_%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
SRC_fuzz       := tests/fuzz/world.c $(if $(FUZZ),tests/fuzz/folder_memory.c,tests/fuzz/folder.c tests/fuzz/replay.c)
UNITS          := $(UNIT_common) $(UNIT_gateway) $(UNIT_collector) $(UNIT_stream) $(UNIT_sim)

.PHONY: all help deps check units layers smoke corpus fuzz fuzzers e2e torture coverage test demo lint fresh bench install clean
all: $(PROGRAMS)

help:
	@sed -n 's/^#: //p' Makefile

#: make            build all programs into build/bin
#: make deps       install what is missing through apt (never starts or enables a service)
#: make demo       the whole street on this machine; DEMO_SECONDS=n stops by itself with a verdict
#: make test       everything: units, golden captures, end-to-end scenarios with real servers
#: make check      the fast tests only (no servers), and each bench once on a tiny load; SAN=1 under ASan and UBSan
#: make e2e        the end-to-end scenarios only
#: make bench      how long things take, as tables
#: make fuzz       libFuzzer on all that comes from outside, FUZZ_SECONDS=60 each; TARGET=NAME: that one; FUZZ=fast: docs/fuzzing.md
#:                 (clang, libclang-rt-14-dev)
#: make torture    kills of everything at any moment and at any system call, and what must hold after; TORTURE_SECONDS=600, SEED,
#:                 KINDS: docs/torture.md (strace)
#: make coverage   what of the product units, corpora and scenarios reach, by file; PARTS, SCENARIOS: docs/coverage.md (gcc)
#: make lint       the code read, not run: layers, format, cppcheck, pyflakes, shellcheck
#: make fresh      prove demo and test in a clean debootstrap root (root needed)
#: make install    into DESTDIR/PREFIX
#: variables       V=1 loud · SAN=1 sanitizers · CC=clang

# ---- building -------------------------------------------------------------------------------------------------------
$(B)/obj/%.o: %.c Makefile
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(LIB_common): $(call obj,$(SRC_common))
$(LIB_gateway): $(call obj,$(SRC_gateway))
$(LIB_collector): $(call obj,$(SRC_collector))
$(B)/lib/%.a:
	$(call say,AR,$@)
	@mkdir -p $(@D) && rm -f $@
	$(Q)ar rcs $@ $^

link = $(Q)mkdir -p $(@D) && $(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(if $(filter %_calls,$@),$(WRAPPED)) -o $@ $(filter %.o %.a,$^)

# Tests named *_calls stand between the code and these (tests/unit/calls.h).
WRAPPED := $(addprefix -Wl$(comma)--wrap=,open __open_2 opendir readdir pread read pwrite pwritev write fdatasync fsync ftruncate rename unlink \
	mkdir)

# Of these two the gateway uses a hash and a checksum: as shared libraries they cost a small box 0.4 MB of resident memory.
IN_PLACE := $(LIBS_common:-lsodium=-l:libsodium.a)
$(B)/bin/quietair-gateway: $(B)/obj/firmware-gateway/main.o $(LIB_gateway) $(LIB_common)
	$(call say,LINK,$@)
	$(link) $(LIBS_gateway) $(IN_PLACE:-lz=-l:libz.a)
$(B)/bin/quietair-bus: $(call obj,$(SRC_tool)) $(LIB_gateway) $(LIB_common)
	$(call say,LINK,$@)
	$(link) $(LIBS_gateway) $(LIBS_common)
$(B)/bin/quietair-collector: $(B)/obj/collector/main.o $(LIB_collector) $(LIB_common)
	$(call say,LINK,$@)
	$(link) $(LIBS_collector) $(LIBS_common)
$(B)/bin/quietair: $(call obj,$(SRC_cli)) $(LIB_collector) $(LIB_common)
	$(call say,LINK,$@)
	$(link) $(LIBS_collector) $(LIBS_common)
$(B)/bin/quietair-sim: $(call obj,$(SRC_sim)) $(LIB_gateway) $(LIB_collector) $(LIB_common)
	$(call say,LINK,$@)
	$(link) $(LIBS_gateway) $(LIBS_collector) $(LIBS_common) -lutil

$(UNIT_common): $(B)/unit/%: $(B)/obj/tests/unit/%.o $(LIB_common)
	$(call say,LINK,$@)
	$(link) -lcmocka $(LIBS_common)
$(UNIT_gateway): $(B)/unit/%: $(B)/obj/tests/unit/%.o $(LIB_gateway) $(LIB_common)
	$(call say,LINK,$@)
	$(link) -lcmocka $(LIBS_gateway) $(LIBS_common)
$(UNIT_collector): $(B)/unit/%: $(B)/obj/tests/unit/%.o $(LIB_collector) $(LIB_common)
	$(call say,LINK,$@)
	$(link) -lcmocka $(LIBS_collector) $(LIBS_common)

$(UNIT_stream): $(B)/unit/%: $(B)/obj/tests/unit/%.o $(LIB_gateway) $(LIB_collector) $(LIB_common)
	$(call say,LINK,$@)
	$(link) -lcmocka $(LIBS_gateway) $(LIBS_collector) $(LIBS_common)

$(BENCHES): $(B)/bench/%: $(B)/obj/tests/bench/%.o $(call obj,$(SRC_bench)) $(LIB_gateway) $(LIB_collector) \
		$(LIB_common)
	$(call say,LINK,$@)
	$(link) $(LIBS_gateway) $(LIBS_collector) $(LIBS_common)

$(UNIT_sim): $(B)/unit/%: $(B)/obj/tests/unit/%.o $(call obj,tests/sim/behaviour.c tests/sim/calendar.c tests/sim/course.c) \
		$(LIB_common)
	$(call say,LINK,$@)
	$(link) -lcmocka $(LIBS_common)

IN_MEMORY := $(addprefix -Wl$(comma)--wrap=,open close pread read pwrite write pwritev fsync fdatasync flock ftruncate fstat stat \
	lstat access fchmod chmod mkdir unlink rmdir rename renameat2 opendir readdir closedir file_remove_tree)

# Under FUZZ=1 libFuzzer makes the inputs, else they are the files of the corpus.  FUZZ=fast does not trace comparisons: half
# again to twice as many executions, which find their way by the corpus and by what is covered only.
$(FUZZERS): $(B)/fuzz/%: $(B)/obj/tests/fuzz/fuzz_%.o $(call obj,$(SRC_fuzz)) $(LIB_gateway) $(LIB_collector) $(LIB_common)
	$(call say,LINK,$@)
	$(link) $(LIBS_gateway) $(LIBS_collector) $(LIBS_common) $(if $(FUZZ),-fsanitize=fuzzer $(IN_MEMORY))

# ---- testing --------------------------------------------------------------------------------------------------------
units: $(UNITS)
check: layers units smoke corpus $(PROGRAMS)
	$(Q)tests/unit/run $(UNITS)

# Who may include whom, and that what calls itself pure reaches nothing of the outside.
layers: $(PROGRAMS)
	$(Q)/usr/bin/python3 tests/lint/layers.py $(B) && printf '  ok    lint/layers\n'

lint: $(PROGRAMS)
	$(Q)tests/lint/run $(B)

# Each bench once, with next to nothing to do: that it builds, runs and finds what it must.
smoke: $(BENCHES) $(PROGRAMS)
	$(Q)set -e; for b in $(BENCHES); do $$b --smoke >$$b.log || { cat $$b.log; exit 1; }; \
		printf '  ok    bench/%s\n' $${b##*/}; done

# What fuzzing has found, or begins with, once more.
corpus: $(FUZZERS)
	$(Q)set -e; for f in $(FUZZERS); do $$f tests/fuzz/corpus/$${f##*/}/* >$$f.log 2>&1 || { cat $$f.log; exit 1; }; \
		printf '  ok    fuzz/%-39s %s inputs\n' $${f##*/} $$(ls tests/fuzz/corpus/$${f##*/} | wc -l); done

fuzzers: $(FUZZERS)
fuzz:
	$(Q)tests/fuzz/run $(or $(FUZZ),1) $(TARGET)

deps:
	$(Q)tests/deps.sh

test: deps
	$(Q)$(MAKE) --no-print-directory check
	$(Q)if [ -x tests/e2e/run ]; then QUIETAIR_BIN=$(CURDIR)/build/bin tests/e2e/run; fi

e2e: $(PROGRAMS)
	$(Q)QUIETAIR_BIN=$(CURDIR)/$(B)/bin tests/e2e/run

torture: $(PROGRAMS)
	$(Q)QUIETAIR_BIN=$(CURDIR)/$(B)/bin tests/torture/run

coverage:
	$(Q)tests/coverage/run

bench: $(BENCHES) $(PROGRAMS)
	$(Q)set -e; for b in $(BENCHES); do $$b; done

fresh:
	$(Q)tests/fresh.sh

demo: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)QUIETAIR_BIN=$(CURDIR)/build/bin /usr/bin/python3 tests/e2e/demo.py

# ---- installing -----------------------------------------------------------------------------------------------------
# A file in /etc/quietair is the administrator's: samples are put there only where there is none.
SHARE   := $(DESTDIR)$(PREFIX)/share/quietair
ETC     := $(DESTDIR)/etc/quietair
UNITDIR := $(DESTDIR)/lib/systemd/system
INSTALL_UNITS := $(wildcard systemd/*.service systemd/*.timer)
INSTALL_INIS  := $(wildcard config/*.ini)

install: $(PROGRAMS)
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/profiles $(SHARE)/standards $(SHARE)/calendars $(ETC) $(UNITDIR) \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	install -m 0755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	set -e; for f in $(wildcard config/profiles/*.ini); do install -m 0644 $$f $(SHARE)/profiles; done
	set -e; for f in $(wildcard config/standards/*.ini); do install -m 0644 $$f $(SHARE)/standards; done
	set -e; for f in $(wildcard config/calendars/*.ini); do install -m 0644 $$f $(SHARE)/calendars; done
	set -e; for f in $(INSTALL_INIS); do \
		test -e $(ETC)/$${f##*/} || install -m 0644 $$f $(ETC); done
	set -e; for f in $(INSTALL_UNITS); do sed '/^ExecStart=/s|/usr/bin/|$(PREFIX)/bin/|' $$f \
		> $(UNITDIR)/$${f##*/}; chmod 0644 $(UNITDIR)/$${f##*/}; done
	install -m 0644 systemd/quietair.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/quietair.conf
	install -m 0644 systemd/quietair.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/quietair.conf

clean:
	rm -rf build

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
