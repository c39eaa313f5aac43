# Ebb: one set of sources, two programs, all tests.
#
#   make          build ebb, ebb-init and ebb-agent into build/
#   make demo     boot the example configuration in QEMU and tell what survived
#   make check    everything that CI runs
#   make help     the rest

BUILD    ?= build
DEPS     := build/deps
prefix   ?= /usr
sysconfdir ?= /etc
units     = $(prefix)/lib/systemd/system
presets   = $(units)-preset
examples  = $(prefix)/share/doc/ebb/examples
VERSION  := 0.1

CC       ?= gcc
CFLAGS   ?= -O2 -g
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wvla -Wformat=2 -Werror
CPPFLAGS := -I. -D_GNU_SOURCE -DEBB_VERSION='"$(VERSION)"'
# -fPIE serves both links: the dynamic one is position independent, the static one need not be.
EBBFLAGS := -std=gnu11 -fPIE -ffunction-sections -fdata-sections $(WARNINGS)
ifdef SAN
EBBFLAGS += -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all
endif

ifdef FUZZ # with clang
EBBFLAGS += -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all
endif

ROOMS    := base plan mounts persist secrets generations hooks kconfig image vm
# Rooms whose work is done once a boot are to be small, for every byte of PID 1 is read then.
ONCE     := plan mounts secrets generations hooks kconfig init
SMALL    := $(if $(SAN)$(FUZZ),,-Os)
MAINS    := init/boot.c tool/main.c vm/agent.c qemu-tests/floor.c
# Only what is called becomes a shared library that the program asks for; libyaml, which no system
# has for another reason, becomes a part of it.
LIBS     := -Wl,--as-needed -lmount -lblkid -lkmod -lcryptsetup -lcrypto $(DEPS)/lib/libyaml.a -lcrypt -ljson-c -lz
ifdef SAN # the sanitizer has a crypt_r too, which only calls the real one
LIBS     := -Wl,--no-as-needed -lcrypt $(LIBS)
endif
TOOLLIBS := -lzstd -llzma -llz4 -lbz2
STATICLIBS := -L$(DEPS)/lib -lcryptsetup -ldevmapper -largon2 -lcrypto -lcrypt -lmount -lblkid -luuid \
    -lkmod -ljson-c -lyaml -lm

sources   = $(foreach room,$(1),$(filter-out $(room)/test_% $(room)/bench%,$(wildcard $(room)/*.c)))
objects   = $(patsubst %.c,$(BUILD)/%.o,$(1))
UNITS    := $(patsubst %.c,$(BUILD)/%,$(foreach room,$(ROOMS) init nixos tool,$(wildcard $(room)/test_*.c)))
GUESTS   := $(patsubst %.c,$(BUILD)/%,$(wildcard qemu-tests/test_*.c))
FUZZERS  := $(patsubst %.c,$(BUILD)/%,$(wildcard secrets/fuzz/*.c))
C        := $(foreach room,$(ROOMS) secrets/fuzz init nixos tool qemu-tests,$(wildcard $(room)/*.c $(room)/*.h))
SCRIPTS  := $(shell grep -lE '^.!/bin/(ba|busybox )?sh' checks/* deps/* qemu-tests/* hooks/* hooks/packages/* hooks/inits/* kconfig/* examples/* examples/hooks/* examples/health.d/* \
    secrets/testdata/make secrets/testdata/sops/make .ci/run 2>/dev/null)

# What package managers run when kernels come and go, and where: they look there, whatever the prefix.
GLUE     := ebb-kernel=$(prefix)/lib/ebb/ebb-kernel ebb-pacman=$(prefix)/lib/ebb/ebb-pacman \
    50-ebb.install=/usr/lib/kernel/install.d/50-ebb.install \
    postinst=$(sysconfdir)/kernel/postinst.d/ebb postrm=$(sysconfdir)/kernel/postrm.d/ebb \
    post-update=$(sysconfdir)/initramfs/post-update.d/ebb \
    $(foreach hook,95-ebb-add 96-ebb-remove,$(hook).hook=/usr/share/libalpm/hooks/$(hook).hook)

.PHONY: all deps demo kernel check unit guest check-san fuzz lint format bench install uninstall clean help
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/ebb $(BUILD)/ebb-init $(BUILD)/ebb-agent

help:
	@sed -n 's/^#   make/  make/p; s/^## //p' Makefile

$(BUILD)/%.o: %.c Makefile | $(DEPS)/ready
	@mkdir -p $(@D)
	@echo "  cc    $@"
	@$(CC) $(CPPFLAGS) $(CFLAGS) $(if $(filter $(ONCE),$(*D)),$(SMALL)) $(EBBFLAGS) -MMD -MP -c -o $@ $<

# What the programs share; each takes out of it what it needs.
$(BUILD)/libebb.a: $(call objects,$(filter-out $(MAINS),$(call sources,$(ROOMS))))

$(BUILD)/ebb: $(call objects,$(call sources,tool)) $(BUILD)/libebb.a
	@echo "  link  $@"
	@$(CC) $(CFLAGS) $(EBBFLAGS) -pie -Wl,--gc-sections -o $@ $^ $(LIBS) $(TOOLLIBS)

# Linked again when its static libraries were built again.
$(BUILD)/ebb-init.debug: $(call objects,$(call sources,init)) $(BUILD)/libebb.a $(DEPS)/ready
	@echo "  link  $@"
	@$(CC) $(CFLAGS) -static -Wl,--gc-sections -Wl,--fatal-warnings -o $@ $(filter %.o %.a,$^) $(STATICLIBS)

# Every byte of PID 1 is read at every boot; the symbols stay behind in ebb-init.debug.
$(BUILD)/ebb-init: $(BUILD)/ebb-init.debug
	@strip -o $@ $<

$(BUILD)/ebb-agent: $(BUILD)/vm/agent.o $(BUILD)/libebb.a
	@echo "  link  $@"
	@$(CC) $(CFLAGS) -static -Wl,--gc-sections -o $@ $^

# What tests link: everything but the main functions, and the names that only a static PID 1 needs.
$(BUILD)/libtest.a: $(call objects,$(filter-out $(MAINS) init/names.c,$(call sources,$(ROOMS) init tool)))

# What targets of make fuzz link, all of which are about secrets.
$(BUILD)/libfuzz.a: $(call objects,$(call sources,base secrets))

$(BUILD)/lib%.a:
	@rm -f $@
	@ar rcs $@ $^

$(UNITS): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/libtest.a
	@echo "  link  $@"
	@$(CC) $(CFLAGS) $(EBBFLAGS) -pie -o $@ $^ $(LIBS) $(TOOLLIBS) -lcmocka

BENCHES  := $(patsubst %.c,$(BUILD)/%,$(wildcard qemu-tests/bench*.c tool/bench*.c))
$(GUESTS) $(BENCHES): $(BUILD)/%: $(BUILD)/%.o $(call objects,$(filter-out $(MAINS),$(call sources,qemu-tests))) \
    $(BUILD)/libtest.a
	@echo "  link  $@"
	@$(CC) $(CFLAGS) $(EBBFLAGS) -pie -o $@ $^ $(LIBS) $(TOOLLIBS) -lcmocka

$(DEPS)/ready: deps/build $(wildcard deps/lib*) deps/packages
	deps/install build run lint fuzz
	deps/build $(DEPS)
	@touch $@

## make deps       install the packages and build the static libraries
deps: $(DEPS)/ready

## make unit       the unit tests alone;  make guest  the tests in QEMU alone
unit: all $(UNITS)
	checks/run $(UNITS)

guest: all $(GUESTS)
	checks/run -j 2 $(GUESTS)

demo: all
	@examples/demo $(BUILD) $(GENERATION)

## make kernel     a small kernel for the demo, which is booted with it and with the installed one
kernel: all
	deps/install kernel
	nice kconfig/build $(BUILD) examples/demo.conf
	kconfig/compare $(BUILD)

check: FUZZ_SECONDS = 30
check: lint check-san fuzz all $(UNITS) $(GUESTS)
	checks/run -j 2 $(GUESTS) $(UNITS)

## make check-san  the unit tests with AddressSanitizer and UndefinedBehaviorSanitizer
check-san: all
	$(MAKE) BUILD=build/san SAN=1 CFLAGS='-O1 -g' build/san/units
	checks/run -j 2 $(patsubst $(BUILD)/%,build/san/%,$(UNITS))

$(BUILD)/units: $(UNITS)

## make fuzz       made-up input for what reads secrets, FUZZ_SECONDS=60 for each of the readers
FUZZ_SECONDS ?= 60
fuzz: | $(DEPS)/ready
	$(if $(shell command -v clang),$(MAKE) BUILD=build/fuzz FUZZ=1 CC=clang CFLAGS='-O1 -g' build/fuzz/fuzzers)
	FUZZ_SECONDS=$(FUZZ_SECONDS) checks/run -j 2 -w checks/fuzz $(patsubst $(BUILD)/%,build/fuzz/%,$(FUZZERS))

$(BUILD)/fuzzers: $(FUZZERS)

$(FUZZERS): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/libfuzz.a
	@echo "  link  $@"
	@$(CC) $(CFLAGS) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS)

## make lint       formatting, warnings, clang-tidy, shellcheck, layering, static means static
lint: all
	checks/lint $(BUILD) $(C) -- $(SCRIPTS)

## make format     put all C into the project's format
format:
	clang-format -i $(C)

## make bench      PID 1, its way back, image, builder, entries, secrets and many files, with rivals
bench: all $(BENCHES) $(BUILD)/qemu-tests/floor
	$(BUILD)/tool/bench_boot
	$(BUILD)/qemu-tests/bench_entries
	$(BUILD)/qemu-tests/bench_units
	$(BUILD)/qemu-tests/bench_trees
	$(BUILD)/qemu-tests/bench_secrets
	$(BUILD)/qemu-tests/bench_new
	$(BUILD)/qemu-tests/bench_fallback
	$(BUILD)/qemu-tests/bench

$(BUILD)/qemu-tests/floor: qemu-tests/floor.c | $(DEPS)/ready
	@mkdir -p $(@D)
	$(CC) -O2 -static -D_GNU_SOURCE -Wno-unused-result -o $@ $< $(STATICLIBS)

## make install DESTDIR=… prefix=… sysconfdir=…;  make uninstall
install: all
	install -D -m 755 $(BUILD)/ebb $(DESTDIR)$(prefix)/bin/ebb
	install -D -m 755 $(BUILD)/ebb-init $(DESTDIR)$(prefix)/lib/ebb/ebb-init
	install -D -m 755 $(BUILD)/ebb-agent $(DESTDIR)$(prefix)/lib/ebb/ebb-agent
	install -D -m 644 man/ebb.8 $(DESTDIR)$(prefix)/share/man/man8/ebb.8
	install -D -m 644 man/ebb-init.8 $(DESTDIR)$(prefix)/share/man/man8/ebb-init.8
	install -D -m 644 man/ebb.conf.5 $(DESTDIR)$(prefix)/share/man/man5/ebb.conf.5
	install -D -m 644 tool/completion.bash $(DESTDIR)$(prefix)/share/bash-completion/completions/ebb
	install -d $(DESTDIR)$(units)/sysinit.target.wants
	for unit in systemd/ebb-*; do sed 's,@bindir@,$(prefix)/bin,; s,@libdir@,$(prefix)/lib/ebb,' \
	    $$unit > $(DESTDIR)$(units)/$${unit##*/}; done
	ln -sfn ../ebb-write-back.service $(DESTDIR)$(units)/sysinit.target.wants/ebb-write-back.service
	install -D -m 755 examples/health.d/network@2min $(DESTDIR)$(examples)/health.d/network@2min
	for hook in examples/hooks/*; do install -D -m 755 $$hook $(DESTDIR)$(examples)/hooks/$${hook##*/}; done
	for init in hooks/inits/*; do install -D -m 755 $$init $(DESTDIR)$(examples)/inits/$${init##*/}; done
	install -D -m 644 systemd/80-ebb.preset $(DESTDIR)$(presets)/80-ebb.preset
	for glue in $(GLUE); do file=hooks/packages/$${glue%%=*} place=$(DESTDIR)$${glue#*=} && \
	    install -D -m "$$(test -x $$file && echo 755 || echo 644)" $$file $$place && \
	    sed -i 's,@bindir@,$(prefix)/bin,; s,@libdir@,$(prefix)/lib/ebb,' $$place || exit; done

uninstall:
	rm -f $(DESTDIR)$(prefix)/bin/ebb $(DESTDIR)$(prefix)/lib/ebb/ebb-init \
	    $(DESTDIR)$(prefix)/lib/ebb/ebb-agent $(DESTDIR)$(prefix)/share/man/man8/ebb.8 \
	    $(DESTDIR)$(prefix)/share/man/man8/ebb-init.8 $(DESTDIR)$(prefix)/share/man/man5/ebb.conf.5 \
	    $(DESTDIR)$(prefix)/share/bash-completion/completions/ebb \
	    $(patsubst systemd/%,$(DESTDIR)$(units)/%,$(wildcard systemd/ebb-*)) \
	    $(DESTDIR)$(units)/sysinit.target.wants/ebb-write-back.service $(DESTDIR)$(presets)/80-ebb.preset \
	    $(DESTDIR)$(examples)/health.d/network@2min \
	    $(addprefix $(DESTDIR)$(prefix)/share/doc/ebb/,$(wildcard examples/hooks/*)) \
	    $(addprefix $(DESTDIR),$(foreach glue,$(GLUE),$(lastword $(subst =, ,$(glue))))) \
	    $(patsubst hooks/%,$(DESTDIR)$(examples)/%,$(wildcard hooks/inits/*))
	-rmdir $(DESTDIR)$(prefix)/lib/ebb $(DESTDIR)$(examples)/health.d $(DESTDIR)$(examples)/hooks \
	    $(DESTDIR)$(examples)/inits $(DESTDIR)$(examples) $(DESTDIR)$(prefix)/share/doc/ebb

clean:
	rm -rf $(filter-out build/deps,$(wildcard build/*))

# The assembler reads them, which the compiler's list of dependencies does not know.
$(BUILD)/kconfig/fragments.o: $(wildcard kconfig/*.config)
$(BUILD)/persist/noise.o: persist/noise.list

-include $(foreach room,$(ROOMS) secrets/fuzz init nixos tool qemu-tests,$(wildcard $(BUILD)/$(room)/*.d))
