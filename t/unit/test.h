
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * A test is a program that includes this, prints TAP and is done when
 * main() returns test_done().  A case is one line of TAP, however many
 * checks it makes.
 *
 * Inputs are copied next to a page that cannot be read and cannot be written
 * themselves: a byte too far is a crash, on whichever side it is.
 */


#ifndef _TEST_H_INCLUDED_
#define _TEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <stdio.h>
#include <sys/mman.h>


#define TEST_SLOTS     8
#define TEST_PAGE      4096
#define TEST_SLOT_MAX  (64 * TEST_PAGE)


/* the unreadable page follows the input, or precedes it */

typedef enum {
    TEST_END = 0,
    TEST_START
} test_side_e;

#define test_sides(side)                                                      \
    (side) = TEST_END; (side) <= TEST_START; (side)++

#define test_str(s)  ((ngx_str_t) { sizeof(s) - 1, (u_char *) (s) })


static const char  *test_title;
static ngx_uint_t   test_cases, test_faults, test_failed;
static u_char      *test_memory;
static ngx_uint_t   test_slots;
static ngx_str_t    test_slot[TEST_SLOTS];


static inline void
test_end(void)
{
    if (test_title) {
        printf("%sok %d - %s\n", test_faults ? "not " : "",
               (int) ++test_cases, test_title);
        test_failed += test_faults ? 1 : 0;
    }

    test_faults = 0;
}


static inline void
test_case(const char *title)
{
    test_end();
    test_title = title;
    fflush(stdout);
}


static inline int
test_done(void)
{
    test_end();
    printf("1..%d\n", (int) test_cases);

    return test_failed ? 1 : 0;
}


/* what is behind the condition tells which input it was, as printf() */

#define test_ok(condition, ...)                                               \
    do {                                                                      \
        if (!(condition) && ++test_faults <= 10) {                            \
            printf("# %s:%d: not so: %s: ", __FILE__, __LINE__, #condition);  \
            printf(__VA_ARGS__);                                              \
            printf("\n");                                                     \
        }                                                                     \
    } while (0)


#define test_is(value, expected, what)                                        \
    test_ok((value) == (expected), "%s: %ld", (const char *) (what),          \
            (long) (value))


static inline ngx_uint_t
test_eq(ngx_str_t *s, const char *data, size_t len)
{
    return s->len == len && (len == 0 || memcmp(s->data, data, len) == 0);
}


static inline void
test_protect(void *p, size_t len, int prot)
{
    if (mprotect(p, len, prot) != 0) {
        perror("mprotect()");
        exit(1);
    }
}


/* stays readable until test_forget(), which takes away all inputs */

static inline u_char *
test_input(const void *data, size_t len, ngx_uint_t side)
{
    size_t   pages;
    u_char  *p;

    if (test_memory == NULL) {
        test_memory = mmap(NULL, TEST_SLOTS * (TEST_SLOT_MAX + 2 * TEST_PAGE),
                           PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
        if (test_memory == MAP_FAILED) {
            perror("mmap()");
            exit(1);
        }
    }

    if (test_slots == TEST_SLOTS || len > TEST_SLOT_MAX) {
        fprintf(stderr, "no slot for an input of %d bytes\n", (int) len);
        exit(1);
    }

    pages = (len + TEST_PAGE - 1) / TEST_PAGE * TEST_PAGE;

    p = test_memory + test_slots * (TEST_SLOT_MAX + 2 * TEST_PAGE)
        + TEST_PAGE;

    if (side == TEST_END) {
        p += TEST_SLOT_MAX - pages;
    }

    test_slot[test_slots].data = p;
    test_slot[test_slots++].len = pages;

    if (len == 0) {
        return p;
    }

    test_protect(p, pages, PROT_READ|PROT_WRITE);
    memcpy((side == TEST_END) ? p + pages - len : p, data, len);
    test_protect(p, pages, PROT_READ);

    return (side == TEST_END) ? p + pages - len : p;
}


static inline ngx_str_t
test_text(const char *data, size_t len, ngx_uint_t side)
{
    return (ngx_str_t) { len, test_input(data, len, side) };
}


static inline void
test_forget(void)
{
    while (test_slots) {
        test_slots--;
        test_protect(test_slot[test_slots].data, test_slot[test_slots].len,
                     PROT_NONE);
    }
}


static inline ngx_pool_t *
test_pool(void)
{
    ngx_pool_t  *pool;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        perror("ngx_create_pool()");
        exit(1);
    }

    return pool;
}


static inline uint32_t
test_random(void)
{
    static uint32_t  x = 2463534242;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;

    return x;
}


#endif /* _TEST_H_INCLUDED_ */
