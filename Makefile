# Everything is made in build/; "make help" lists the targets.

SHELL       = /bin/bash
.SHELLFLAGS = -e -o pipefail -c

ROOT   := $(CURDIR)
BUILD   = $(ROOT)/build
OBJS    = $(BUILD)/objs
ASAN    = $(BUILD)/asan
MODULE  = $(BUILD)/ngx_http_webhook_verify_module.so
SOURCES = $(wildcard ngx_http_webhook_verify_module/*.[ch])

# The nginx to build for: Debian's nginx-dev, which brings its own flags, or a
# source tree that was configured with NGINX_CONF_FLAGS.

NGINX_SRC        = /usr/share/nginx/src
NGINX_CONF_FLAGS = $(if $(wildcard $(NGINX_SRC)/conf_flags),,$(DEFAULT_FLAGS))
DEFAULT_FLAGS    = --with-compat --with-debug --with-threads \
                   --with-http_ssl_module --with-http_v2_module \
                   --with-http_auth_request_module --with-http_realip_module \
                   --with-http_stub_status_module

WARN = -Wall -Wextra -Wno-unused-parameter -Wshadow -Wconversion \
       -Wstrict-prototypes -Werror
JOBS  = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
FLAGS = DEB_BUILD_MAINT_OPTIONS=hardening=+bindnow dpkg-buildflags --get

SANITIZE = -fsanitize=address,undefined
ASAN_CC  = -O1 -g $(SANITIZE) -fno-sanitize=nonnull-attribute,alignment \
           -fno-omit-frame-pointer -fno-sanitize-recover=undefined \
           -DNGX_DEBUG_PALLOC=1

# what of t/ to run, all of it by default: make test TESTS=t/100-x.t
TESTS =

.PHONY: FORCE $(shell sed -n 's/^\([a-z0-9 -]*\):.*\#\# .*/\1/p' Makefile)
.DELETE_ON_ERROR:

build: $(MODULE) ## builds the module for the installed nginx

demo: ## shows real deliveries going through (STORE=redis: by way of Redis)
	@STORE=$(STORE) t/tools/demo

test: ## installs what t/ needs and runs it (TESTS=t/100-x.t: only that)
	@t/tools/install test
	@$(MAKE) -s build $(if $(TESTS),,unit)
	@t/tools/prove $(TESTS)

unit: $(OBJS)/Makefile ## runs the tests in C, with the sources of nginx
	@[ -f $(NGINX_SRC)/src/core/ngx_string.c ] || t/tools/install nginx-source
	@$(MAKE) -s -C t/unit

fuzz: $(OBJS)/Makefile ## runs the fuzzers, a minute each (SECONDS=60)
	@t/tools/install fuzz nginx-source
	@$(MAKE) -s -C t/fuzz build
	@$(MAKE) -s -C t/fuzz -k -j2 -Otarget run SECONDS=$(or $(SECONDS),60)

docs: $(BUILD)/providers ## writes docs/providers.md from the table of presets
	@$< > docs/providers.md
	@sed -i '/^__DATA__$$/q' docs/examples/send
	@$< send >> docs/examples/send

lint: build $(BUILD)/providers ## checks style, rooms, layers and symbols, and the checks
	@t/tools/lint --self-test
	@t/tools/lint
	@$(BUILD)/providers | diff -q - docs/providers.md > /dev/null \
	 && $(BUILD)/providers send \
	 | diff -q - <(sed '1,/^__DATA__$$/d' docs/examples/send) > /dev/null \
	 || { echo "docs/providers.md or send is not current: make docs"; exit 1; }

asan: ## runs t/ in an nginx built with address and UB sanitizers
	@t/tools/install test nginx-source
	@$(MAKE) -s $(ASAN)/objs/nginx
	@rm -f $(ASAN)/report*
	@ASAN_OPTIONS=log_path=$(ASAN)/report \
	 UBSAN_OPTIONS=log_path=$(ASAN)/report,print_stacktrace=1 \
	 LSAN_OPTIONS=exitcode=0 \
	 TEST_NGINX_BINARY=$(ASAN)/objs/nginx TEST_NGINX_LOAD_MODULES= \
	 TEST_NGINX_SLEEP=0.02 JOBS=2 \
	 t/tools/prove $(TESTS) || status=$$?; \
	 t/tools/reported $(ASAN)/report && exit $${status:-0}

# some files, with nginx of make faults, whose every ngx_palloc() is a malloc()

VALGRIND = t/15[12]-*.t t/20[12]-*.t t/301-*.t \
           t/valgrind/*.t

valgrind: ## runs some of t/ in valgrind
	@t/tools/install test nginx-source valgrind
	@t/faults/build nginx
	@rm -rf $(BUILD)/valgrind; mkdir -p $(BUILD)/valgrind
	@TEST_NGINX_BINARY=$(ROOT)/t/tools/valgrind \
	 TEST_NGINX_LOAD_MODULES=$(BUILD)/faults/objs/$(notdir $(MODULE)) \
	 VALGRIND_REPORT=$(BUILD)/valgrind/report \
	 t/tools/prove $(or $(TESTS),$(VALGRIND)) || status=$$?; \
	 t/tools/reported $(BUILD)/valgrind/report && exit $${status:-0}

# bodies and phases, to which nginx comes by other ways there

DIALECT = t/152-*.t t/20[0234]-*.t t/30*.t

http2 http3: ## runs the tests of bodies and phases in HTTP/2, or in HTTP/3
	@t/tools/install $@
	@$(MAKE) -s build
	@WEBHOOK_VERIFY_HTTP=$(@:http%=%) t/tools/prove $(or $(TESTS),$(DIALECT))

faults: ## lets every allocation fail once, and every one from then on
	@t/tools/install test nginx-source
	@t/faults/build nginx
	@TEST_NGINX_BINARY=$(BUILD)/faults/objs/nginx \
	 TEST_NGINX_LOAD_MODULES=$(BUILD)/faults/objs/$(notdir $(MODULE)) \
	 t/tools/prove t/faults/800-allocations.t $(if $(ARGS),:: $(ARGS))

page: ## shows the status page to a browser and the metrics to promtool
	@t/tools/install test page
	@$(MAKE) -s build
	@t/tools/prove t/page/*.t

lifecycle: ## reloads, upgrades and kills under load, and prints the ledger
	@t/tools/install test
	@$(MAKE) -s build
	@LIFECYCLE_LEDGER=1 t/tools/prove t/soak/801-lifecycle.t

cluster: ## 2,000 events while a Redis Cluster and sentinels fail over, and the ledger
	@t/tools/install test
	@$(MAKE) -s build
	@t/tools/prove t/soak/803-cluster.t

# all that a server has to know; how its Sentinels fail over is no part of it

VALKEY = $(filter-out t/412-%,$(wildcard t/4*redis*.t)) t/406-claims.t

valkey: ## runs the tests of Redis with Valkey
	@t/tools/install test valkey
	@$(MAKE) -s build
	@TEST_REDIS_SERVER=valkey-server t/tools/prove $(or $(TESTS),$(VALKEY))

soak: ## 200,000 mixed deliveries (SOAK=30000: fewer)
	@t/tools/install test
	@$(MAKE) -s build
	@SOAK=$(SOAK) t/tools/prove t/soak/802-soak.t

bench: ## what a delivery costs, beside no gate (BENCH_QUICK=1: does it run?)
	@t/tools/install bench
	@$(MAKE) -s build
	@t/bench/run

.PHONY: deb docker docs-check warnings

deb: ## builds the Debian package in build/deb, and tries it
	@t/tools/deb build
	@t/tools/deb test

docker: ## builds the image, and tries it and compose.yaml, where that can be
	@t/tools/docker

docs-check: build ## runs the commands of the documents, as a reader would
	@t/tools/docs

# for debian/rules

warnings:
	@echo '$(WARN)'

versions: ## builds with clang, and builds and tests in a Debian 13
	@t/tools/versions

planted: ## plants a fault at a time, and wants each check to see it
	@t/tools/install test http2 fuzz valgrind nginx-source
	@$(MAKE) -s build $(ASAN)/objs/nginx
	@t/faults/build nginx
	@$(MAKE) -s -C t/fuzz build
	@t/planted/run $(PLANTS)

install-deps: ## installs what build, demo and test need
	@STORE=redis t/tools/install build demo test

clean: ## removes build/
	rm -rf $(BUILD)

help: ## lists the targets
	@sed -n 's/^\([a-z0-9 -]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14


# configure takes seconds: only when config, the flags or nginx change

$(MODULE): $(OBJS)/Makefile $(SOURCES)
	@echo "building $(MODULE:$(ROOT)/%=%)"
	@$(MAKE) --no-print-directory $(JOBS) -C $(NGINX_SRC) \
	    -f $(OBJS)/Makefile CC='$(CC) $(WARN)' modules > $(BUILD)/make.log
	@cp $(OBJS)/$(@F) $@

$(OBJS)/Makefile: config $(BUILD)/configured-for
	@echo "configuring for the nginx in $(NGINX_SRC)"
	@cflags="$$($(FLAGS) CFLAGS) -fPIC $$($(FLAGS) CPPFLAGS)"; \
	 ldflags="$$($(FLAGS) LDFLAGS) -fPIC"; \
	 flags=($(NGINX_CONF_FLAGS)); \
	 if [ -z "$$flags" ]; then \
	    . $(NGINX_SRC)/conf_flags; flags=("$${NGX_CONF_FLAGS[@]}"); \
	 fi; \
	 cd $(NGINX_SRC); \
	 env -u CFLAGS ./configure --with-cc-opt="$$cflags" \
	    --with-ld-opt="$$ldflags" "$${flags[@]}" \
	    --add-dynamic-module=$(ROOT) --builddir=$(OBJS) \
	    > $(BUILD)/configure.log \
	 || { tail -n 5 $(BUILD)/configure.log >&2; exit 1; }

PRESETS = ngx_http_webhook_verify_module/ngx_webhook_preset

$(BUILD)/providers: t/tools/providers.c $(PRESETS).c $(PRESETS).h $(OBJS)/Makefile
	@$(CC) $(filter-out -Wconversion,$(WARN)) -O1 -o $@ \
	    $(addprefix -I$(NGINX_SRC)/src/,core event event/modules os/unix) \
	    -I$(OBJS) -Ingx_http_webhook_verify_module $(filter %.c,$^)

$(BUILD)/configured-for: FORCE
	@[ -f $(NGINX_SRC)/configure ] || { \
	    echo "no nginx in $(NGINX_SRC): run t/tools/install build," \
	         "or set NGINX_SRC" >&2; exit 1; \
	 }
	@mkdir -p $(BUILD)
	@{ echo '$(NGINX_SRC) $(NGINX_CONF_FLAGS) $(CC) $(WARN) $(SOURCES)'; \
	   cat $(NGINX_SRC)/src/core/nginx.h; \
	   dpkg-query -W nginx-dev 2>/dev/null || true; } > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(ASAN)/objs/nginx: $(ASAN)/objs/Makefile $(SOURCES)
	@echo "building $(@:$(ROOT)/%=%)"
	@$(MAKE) --no-print-directory $(JOBS) -C $(ASAN)/nginx \
	    -f $(ASAN)/objs/Makefile binary > $(ASAN)/make.log

$(ASAN)/objs/Makefile: config $(BUILD)/configured-for
	@echo "configuring nginx with sanitizers"
	@cd $(ASAN)/nginx; \
	 env -u CFLAGS ./configure $(DEFAULT_FLAGS) --add-module=$(ROOT) \
	    --builddir=$(ASAN)/objs --with-ld-opt="$(SANITIZE)" \
	    --with-cc-opt="$(ASAN_CC)" > $(ASAN)/configure.log \
	 || { tail -n 5 $(ASAN)/configure.log >&2; exit 1; }
