
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/* a driver checks what a room says of any bytes against somebody else */


#ifndef _FUZZ_H_INCLUDED_
#define _FUZZ_H_INCLUDED_


#include "test.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


#define fuzz_check(condition)                                                 \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__,        \
                    #condition);                                              \
            abort();                                                          \
        }                                                                     \
    } while (0)


/* the bytes up to a LF, which is skipped */

static inline ngx_str_t
fuzz_line(const uint8_t **data, size_t *size)
{
    size_t     n;
    ngx_str_t  line;

    line.data = (u_char *) *data;

    for (n = 0; n < *size && (*data)[n] != LF; n++) { /* void */ }

    line.len = n;
    n += (n < *size);

    *data += n;
    *size -= n;

    return line;
}


/* where to cut is chosen by the input itself */

static inline uint32_t
fuzz_seed(const uint8_t *data, size_t size)
{
    uint32_t  h;

    for (h = 2166136261; size; size--, data++) {
        h = (h ^ *data) * 16777619;
    }

    return h;
}


static inline size_t
fuzz_step(uint32_t *seed, size_t rest)
{
    size_t  step;

    *seed = *seed * 1664525 + 1013904223;
    step = 1 + (*seed >> 8) % ((*seed >> 28) ? 16 : 512);

    return ngx_min(step, rest);
}


#endif /* _FUZZ_H_INCLUDED_ */
