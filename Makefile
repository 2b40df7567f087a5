# Roost: everything that a newcomer and CI run. `make` lists the targets.

BUILD ?= debug
PREFIX ?= /usr/local
SWIFT_FORMAT = swift format
SWIFT_FILES = Sources Tests Package.swift Fuzz Benchmarks/Planes
SHELL_SCRIPTS = Examples/thin-client/files/usr/local/bin/* Lab/*.sh Packaging/*.sh Tests/*.sh Sources/Images/NodeScripts/*.sh .ci/run Benchmarks/*.sh
# The build that `make install` puts in place. The optimiser sees faults that the debug build does not.
FOR_USE = --configuration release --static-swift-stdlib --product

.PHONY: help prerequisites build node demo test e2e check format screenshots bench manual install clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 24

prerequisites: ## install what building, tests and the demo need (Debian packages)
	@Packaging/prerequisites.sh

build: prerequisites ## build the server and the node's program
	swift build
	@$(MAKE) --no-print-directory node

# A path of its own: other flags would rebuild everything in .build.
node:
	swift build --configuration release --product roost-node --scratch-path .build-node --static-swift-stdlib \
		-Xswiftc -static-executable
	@mkdir -p .build
	strip -o .build/roost-node .build-node/release/roost-node

demo: build ## start Roost and boot a real diskless machine from it (Ctrl-C ends it)
	Lab/demo.sh

test: prerequisites node ## all tests: unit, interoperability, end to end in QEMU
	swift build --build-tests
	Tests/run.sh

e2e: prerequisites node ## only the tests that need the laboratory
	swift build --build-tests
	swift test --skip-build --filter EndToEndTests

check: prerequisites ## what must hold before every commit: format, scripts, fuzzing, the build for use and its manual
	$(SWIFT_FORMAT) lint --strict --recursive --parallel $(SWIFT_FILES)
	shellcheck $(wildcard $(SHELL_SCRIPTS))
	swift build --build-tests
	swift run --skip-build roost-fuzz --seconds 5
	@$(MAKE) --no-print-directory manual

format: ## bring Swift sources into form
	$(SWIFT_FORMAT) format --in-place --recursive --parallel $(SWIFT_FILES)

screenshots: prerequisites node ## pictures of the control center for the guide, made by its tests
	swift build --build-tests
	swift test --skip-build --filter 'EndToEndTests.*(CenterTests|WizardTests|RolloutTests|is approved on its page)'

bench: prerequisites build node ## measure against the peers: data planes, and a boot against LTSP
	Benchmarks/run.sh

# The pages are written by what the argument parser brings for it.
manual: ## build for use, and write manual pages and completions for shells to .build/manual
	swift build $(FOR_USE) roost
	swift build $(FOR_USE) generate-manual
	Packaging/manual.sh .build/release .build/manual

install: manual node ## build for use and install below PREFIX (run as root)
	install -s -D -m 755 .build/release/roost $(DESTDIR)$(PREFIX)/bin/roost
	install -D -m 755 .build/roost-node $(DESTDIR)$(PREFIX)/lib/roost/roost-node
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 .build/manual/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -D -m 644 .build/manual/roost.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/roost
	install -D -m 644 .build/manual/roost.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_roost
	install -D -m 644 .build/manual/roost.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/roost.fish
	install -D -m 644 Packaging/roost.yaml $(DESTDIR)/etc/roost/roost.yaml.example
	install -D -m 644 Packaging/systemd/roost.service $(DESTDIR)/etc/systemd/system/roost.service

clean: ## remove everything that was built
	rm -rf .build .build-node .build-bench
