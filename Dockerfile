# nginx of the base's distribution with the module; see docs/operations.md.
#
#   BASE             a Debian of another release, or another image made of one
#   NGINX_VERSION    of the nginx package there, the newest by default

ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build

ARG NGINX_VERSION=

WORKDIR /src
COPY . .
RUN if [ -n "$NGINX_VERSION" ]; then \
        apt-get update \
        && apt-get install -y --no-install-recommends --allow-downgrades \
           nginx="$NGINX_VERSION" nginx-dev="$NGINX_VERSION"; \
    fi \
    && t/tools/install build \
    && make \
    && strip --strip-unneeded build/ngx_http_webhook_verify_module.so


FROM ${BASE}

ARG NGINX_VERSION=

RUN apt-get update \
    && apt-get install -y --no-install-recommends \
       nginx${NGINX_VERSION:+=$NGINX_VERSION} ca-certificates \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/* /var/www \
       /etc/nginx/sites-* /etc/nginx/conf.d /etc/nginx/modules-enabled \
    && mkdir /etc/nginx/webhooks /etc/nginx/secrets

COPY --from=build /src/build/ngx_http_webhook_verify_module.so \
     /usr/lib/nginx/modules/
COPY docs/examples/docker/nginx.conf /etc/nginx/
COPY docs/examples/docker/default.conf /etc/nginx/webhooks/

USER www-data
EXPOSE 8080
STOPSIGNAL SIGQUIT

HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["bash", "-c", \
    "exec 3<> /dev/tcp/127.0.0.1/8081 \
     && printf 'GET /health HTTP/1.0\\r\\n\\r\\n' >&3 \
     && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]

CMD ["nginx"]
