# nginx of the base's distribution with the module; see docs/operations.md.
#
#   BASE             a Debian of another release, or another image made of one
#   NGINX_VERSION    of the nginx package there, the newest by default

ARG BASE=debian:bookworm-slim

FROM ${BASE} AS base

ARG NGINX_VERSION=

RUN [ -z "$NGINX_VERSION" ] || printf '%s\n' 'Package: nginx nginx-*' \
    "Pin: version $NGINX_VERSION" 'Pin-Priority: 1001' \
    > /etc/apt/preferences.d/nginx


FROM base AS build

WORKDIR /src
COPY . .
RUN t/tools/install build \
    && make \
    && strip --strip-unneeded build/ngx_http_webhook_verify_module.so


FROM base

RUN apt-get update \
    && apt-get install -y --no-install-recommends nginx ca-certificates \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/* /var/www \
       /etc/nginx/sites-* /etc/nginx/conf.d /etc/nginx/modules-enabled \
    && mkdir /etc/nginx/webhooks /etc/nginx/secrets /var/log/nginx \
    && cd /var/log/nginx \
    && ln -s /dev/stderr error.log \
    && for log in access webhooks rotation; do ln -s /dev/stdout $log.log; done

COPY --from=build /src/build/ngx_http_webhook_verify_module.so \
     /usr/lib/nginx/modules/
COPY docs/examples/docker/nginx.conf /etc/nginx/
COPY docs/examples/docker/default.conf /etc/nginx/webhooks/

USER www-data
EXPOSE 8080
STOPSIGNAL SIGQUIT

HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["bash", "-c", \
    "exec 3<> /dev/tcp/127.0.0.1/8081 \
     && printf 'GET /status HTTP/1.0\\r\\n\\r\\n' >&3 \
     && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]

CMD ["nginx"]
