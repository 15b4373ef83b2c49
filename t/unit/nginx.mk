# What programs in C need of nginx: its flags, its real sources and the rooms
# of the module that know no request.  For t/unit and t/fuzz; "OUT" is where
# they build, "CC" and "CFLAGS" how.

ROOT  := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))/../..)
BUILD := $(ROOT)/build

NGINX_SRC ?= /usr/share/nginx/src
ROOMS      = $(ROOT)/ngx_http_webhook_verify_module

# nginx-dev has headers only: then the sources that t/tools/install fetched

NGINX = $(if $(wildcard $(NGINX_SRC)/src/core/ngx_string.c),$\
          $(NGINX_SRC),$(BUILD)/asan/nginx)

CPPFLAGS += -DNGX_DEBUG_PALLOC=1 -I$(ROOMS) -I$(BUILD)/objs \
            $(addprefix -isystem $(NGINX)/src/,core event event/quic os/unix)

# the rest of nginx is left out, and what it would need is not missed, as no
# table of globals holds on to it; ROOM_CFLAGS are for the rooms alone

CORE_CFLAGS = -w $(if $(findstring clang,$(CC)),\
                  -mllvm -asan-globals=0,--param asan-globals=0)

CFLAGS  += -ffunction-sections -fdata-sections -MMD -MP
LDFLAGS += -Wl,--gc-sections
LDLIBS  += -lhiredis -lcrypto

CORE = ngx_string ngx_palloc ngx_array ngx_list ngx_alloc ngx_errno ngx_log \
       ngx_file ngx_files ngx_conf_file ngx_buf ngx_slab ngx_shmtx
ROOM = $(patsubst $(ROOMS)/%.c,%,$(wildcard $(ROOMS)/ngx_webhook_*.c))

LIBRARY = $(OUT)/core.a
MEMBERS = $(CORE:%=$(OUT)/%.o) $(ROOM:%=$(OUT)/%.o) \
          $(OUT)/ngx_stub.o

vpath ngx_%.c $(addprefix $(NGINX)/src/,core os/unix)
vpath ngx_webhook_%.c $(ROOMS)
vpath ngx_stub.c $(ROOT)/t/unit

$(LIBRARY): $(MEMBERS)
	@rm -f $@
	@ar rcs $@ $^

$(OUT)/%.o: %.c | $(OUT) $(BUILD)/objs/ngx_auto_config.h $(BUILD)/asan/nginx
	@$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $< \
	    $(if $(filter ngx_webhook_%,$*),$(ROOM_CFLAGS),$(CORE_CFLAGS))

$(OUT):
	@mkdir -p $@

$(BUILD)/objs/ngx_auto_config.h:
	@$(MAKE) --no-print-directory -C $(ROOT) $(BUILD)/objs/Makefile

$(BUILD)/asan/nginx:
	@[ -f $(NGINX_SRC)/src/core/ngx_string.c ] \
	    || $(ROOT)/t/tools/install nginx-source

-include $(wildcard $(OUT)/*.d)
