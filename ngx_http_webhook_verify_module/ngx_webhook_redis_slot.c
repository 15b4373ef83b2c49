
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * The slot of a key and the answer to CLUSTER SLOTS, by the Redis Cluster
 * Specification.  Nothing here asks or keeps anything.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_webhook_redis_slot.h"


/* CRC16-CCITT of the high four bits (XMODEM, polynomial 0x1021) */

static uint16_t  ngx_webhook_redis_crc16[] = {
    0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7,
    0x8108, 0x9129, 0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef
};


ngx_uint_t
ngx_webhook_redis_slot(ngx_str_t *key)
{
    u_char    *p, *end, *open, *close;
    uint32_t   crc;

    p = key->data;
    end = p + key->len;

    /* a scope may have a hash tag in it, which then is all that counts */

    open = ngx_strlchr(p, end, '{');

    if (open) {
        close = ngx_strlchr(open + 1, end, '}');

        if (close && close != open + 1) {
            p = open + 1;
            end = close;
        }
    }

    crc = 0;

    for ( /* void */ ; p < end; p++) {
        crc = (crc << 4)
              ^ ngx_webhook_redis_crc16[((crc >> 12) ^ (*p >> 4)) & 0xf];
        crc = (crc << 4)
              ^ ngx_webhook_redis_crc16[((crc >> 12) ^ *p) & 0xf];
        crc &= 0xffff;
    }

    return crc % NGX_WEBHOOK_REDIS_SLOTS;
}


ngx_int_t
ngx_webhook_redis_slots_next(ngx_webhook_resp_reply_t *reply, ngx_uint_t *n,
    ngx_webhook_redis_slots_t *slots)
{
    ngx_uint_t                i, port;
    ngx_webhook_resp_item_t  *item;

    /* [[first, last, [host, port, id, ...], [a replica's] ...], ...] */

    item = reply->items;
    i = *n;

    if (i == reply->nitems) {
        return NGX_DONE;
    }

    port = i + 3;

    if (port >= reply->nitems
        || item[i].level != 2 || item[i + 1].level != 2
        || item[i + 2].level != 3 || item[port].level != 3
        || item[i].type != NGX_WEBHOOK_RESP_INTEGER
        || item[i + 1].type != NGX_WEBHOOK_RESP_INTEGER
        || item[port].type != NGX_WEBHOOK_RESP_INTEGER
        || item[i].integer < 0
        || item[i].integer > item[i + 1].integer
        || item[i + 1].integer >= NGX_WEBHOOK_REDIS_SLOTS)
    {
        return NGX_ERROR;
    }

    slots->first = (ngx_uint_t) item[i].integer;
    slots->last = (ngx_uint_t) item[i + 1].integer;
    slots->host = item[i + 2].text;
    slots->port = (ngx_int_t) item[port].integer;

    /* replicas, and what later versions say of a node, up to the next */

    for (i = port + 1; i < reply->nitems && item[i].level > 2; i++) {
        /* void */
    }

    *n = i;

    return NGX_OK;
}


ngx_int_t
ngx_webhook_redis_slots_redirect(ngx_str_t *text,
    ngx_webhook_redis_slots_t *slots)
{
    u_char     *p, *end, *colon, *number;
    ngx_int_t   slot;

    p = text->data;
    end = p + text->len;

    p = ngx_strlchr(p, end, ' ');
    if (p == NULL) {
        return NGX_ERROR;
    }

    number = ++p;

    p = ngx_strlchr(p, end, ' ');
    if (p == NULL) {
        return NGX_ERROR;
    }

    slot = ngx_atoi(number, (size_t) (p - number));

    if (slot == NGX_ERROR || slot >= NGX_WEBHOOK_REDIS_SLOTS) {
        return NGX_ERROR;
    }

    p++;

    /* an IPv6 address has colons of its own */

    for (colon = end; colon > p && colon[-1] != ':'; colon--) {
        /* void */
    }

    if (colon == p) {
        return NGX_ERROR;
    }

    slots->first = (ngx_uint_t) slot;
    slots->last = slots->first;
    slots->host.data = p;
    slots->host.len = (size_t) (colon - 1 - p);
    slots->port = ngx_atoi(colon, (size_t) (end - colon));

    return (slots->port == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}
