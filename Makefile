# Roost: everything that a newcomer and CI run. `make` lists the targets.

PREFIX ?= /usr/local
UNITS ?= /etc/systemd/system
SWIFT_FORMAT = swift format
SWIFT_FILES = Sources Tests Plugins Package.swift Fuzz Benchmarks/Planes
SHELL_SCRIPTS = Examples/thin-client/files/usr/local/bin/* Examples/thin-client/files/usr/local/lib/thin-client/* Lab/*.sh Packaging/*.sh Packaging/debian/build.sh Packaging/debian/*.preinst Packaging/debian/*.postinst Packaging/debian/*.prerm Packaging/debian/*.postrm Sources/Images/NodeScripts/*.sh .ci/run Benchmarks/*.sh
# The one build that is tested, packed and installed: what people run. It is stripped then, so no debug information is made. `make build` makes another one, for daily work.
RELEASE = swift build --configuration release -debug-info-format none
PRODUCTS = .build/release
SOURCES = $(shell find Package.swift Sources Tests Plugins Fuzz Benchmarks/Planes Packaging/prerequisites.sh -type f)

.PHONY: help prerequisites build release products demo test test-quick check format screenshots bench manual manual-pages install install-files uninstall deb clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 24

prerequisites: ## install what building, tests and the demo need (Debian packages)
	@Packaging/prerequisites.sh

# Compiles as $(1) says. What serving and tests need is installed meanwhile: packages are waited for, and the compiler ends with
# modules that can only be built one after the other.
define compile
	@Packaging/prerequisites.sh building
	@Packaging/prerequisites.sh & rest=$$!; echo '$(1)'; $(1); status=$$?; wait $$rest && exit $$status
endef

build: ## build everything for debugging
	$(call compile,swift build --build-tests)

release: .build/release.built ## build everything for use, with its tests

# Not built again while nothing has changed: the package manager links the tools of plugins anew each time, and compiles what they made
# with all that stands on it. One small module comes first: the builder takes C last, all of NIO waits for this one's, and so both cores
# work on NIO and its TLS together.
.build/release.built: $(SOURCES)
	$(call compile,$(RELEASE) --target NIOConcurrencyHelpers && $(RELEASE) --build-tests)
	@touch $@

# What is installed and shown: of the whole build where there is one, else built without tests.
products: $(if $(wildcard .build/release.built),.build/release.built,.build/products.built)

.build/products.built: $(SOURCES)
	$(call compile,$(RELEASE) --product roost && $(RELEASE) --product roost-node && $(RELEASE) --product roost-agent)
	@touch $@

demo: products ## start Roost and boot a real diskless machine from it (Ctrl-C ends it)
	Lab/demo.sh

test: release ## all tests: unit, interoperability, end to end in QEMU; SUITE=Rollout for some
	Tests/run.py $(SUITE)

test-quick: release ## all tests but those that power a machine on
	Tests/run.py --quick $(SUITE)

check: release ## what must hold before every commit: format, scripts, fuzzing, manual pages
	$(SWIFT_FORMAT) lint --strict --recursive --parallel $(SWIFT_FILES)
	shellcheck $(wildcard $(SHELL_SCRIPTS))
	$(PRODUCTS)/roost-fuzz --seconds 5
	@$(MAKE) --no-print-directory manual-pages

format: ## bring Swift sources into form
	$(SWIFT_FORMAT) format --in-place --recursive --parallel $(SWIFT_FILES)

screenshots: release ## pictures of the control center for the guide, made by its tests
	ROOST_SCREENSHOTS=1 Tests/run.py CenterTests WizardTests RolloutTests FirmwareTests

bench: release ## measure against the peers: data planes, and a boot against LTSP
	Benchmarks/run.sh

manual: products manual-pages ## write manual pages, completions for shells, and the schema of configuration files to .build/manual

manual-pages:
	Packaging/manual.py $(PRODUCTS)/roost .build/manual

install: manual install-files ## install below PREFIX (run as root); the server's user is made
	@[ -n "$(DESTDIR)" ] || getent passwd roost >/dev/null || useradd --system --home-dir /var/lib/roost --shell /usr/sbin/nologin roost
	@[ -n "$(DESTDIR)" ] || ! command -v systemd-tmpfiles >/dev/null || systemd-tmpfiles --create $(PREFIX)/lib/tmpfiles.d/roost.conf

# The files alone, below DESTDIR.
install-files:
	install -s -D -m 755 $(PRODUCTS)/roost $(DESTDIR)$(PREFIX)/bin/roost
	install -s -D -m 755 $(PRODUCTS)/roost-node $(DESTDIR)$(PREFIX)/lib/roost/roost-node
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 .build/manual/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -D -m 644 .build/manual/roost.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/roost
	install -D -m 644 .build/manual/roost.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_roost
	install -D -m 644 .build/manual/roost.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/roost.fish
	install -D -m 644 .build/manual/roost.schema.json $(DESTDIR)$(PREFIX)/share/roost/roost.schema.json
	install -D -m 644 Packaging/systemd/roost.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/roost.conf
	install -D -m 644 Packaging/systemd/roost.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/roost.conf
	install -D -m 644 Packaging/roost.yaml $(DESTDIR)/etc/roost/roost.yaml.example
	install -d $(DESTDIR)$(UNITS)
	sed 's|/usr/local/|$(PREFIX)/|' Packaging/systemd/roost.service > $(DESTDIR)$(UNITS)/roost.service

install-agent: products install-agent-files ## install the agent of a terminal server, with its unit, on this machine (run as root)

# PAM and sshd name its path.
install-agent-files:
	install -s -D -m 755 $(PRODUCTS)/roost-agent $(DESTDIR)/usr/bin/roost-agent
	install -d $(DESTDIR)$(UNITS)
	install -m 644 Packaging/systemd/roost-agent.service $(DESTDIR)$(UNITS)/roost-agent.service

uninstall: ## remove what install has put there; state, configuration and the server's user stay
	rm -f $(DESTDIR)$(PREFIX)/bin/roost $(DESTDIR)$(PREFIX)/share/man/man1/roost.1 $(DESTDIR)$(PREFIX)/share/man/man1/roost-*.1
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/roost $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_roost
	rm -f $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/roost.fish $(DESTDIR)$(PREFIX)/lib/sysusers.d/roost.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/roost.conf
	rm -f $(DESTDIR)/etc/roost/roost.yaml.example $(DESTDIR)$(UNITS)/roost.service
	rm -rf $(DESTDIR)$(PREFIX)/lib/roost $(DESTDIR)$(PREFIX)/share/roost

deb: manual ## make Debian packages: .build/deb/roost_*.deb, roost-node_*.deb and roost-agent_*.deb
	Packaging/debian/build.sh .build/deb

clean: ## remove everything that was built
	rm -rf .build .build-bench
