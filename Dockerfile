FROM debian:bookworm-slim AS build

WORKDIR /src
COPY . .
RUN t/tools/install build && make


FROM debian:bookworm-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends nginx ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && ln -sf /dev/stdout /var/log/nginx/access.log \
    && ln -sf /dev/stderr /var/log/nginx/error.log \
    && echo "load_module modules/ngx_http_webhook_verify_module.so;" \
       > /etc/nginx/modules-enabled/50-mod-http-webhook-verify.conf

COPY --from=build /src/build/ngx_http_webhook_verify_module.so \
     /usr/lib/nginx/modules/

EXPOSE 80
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
