
/*
 * Copyright (C) ngx_http_webhook_verify_module contributors
 */


/*
 * A malloc() that fails on demand, to be preloaded.  FAULTS_FILE names a file
 * that the test writes and all processes map: while "armed" is set each
 * allocation counts, and the one numbered "fail", or with "forever" each from
 * that on, gets none.  With "module" only those count that have a function of
 * FAULTS_MODULE, a part of the name of a shared object, on their stack; with
 * 2 they must not have one of libcrypto there.
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>


#define FAULTS_DEPTH  32


typedef struct {
    uint64_t           offset;
    char               object[120];
} faults_frame_t;


typedef struct {
    volatile uint64_t  armed;       /* written by the test */
    volatile uint64_t  fail;
    volatile uint64_t  forever;
    volatile uint64_t  module;
    volatile uint64_t  pid;         /* 0 is any */

    volatile uint64_t  count;       /* written here */
    volatile uint64_t  failed;
    volatile uint64_t  depth;

    /* of the first that failed */
    faults_frame_t     stack[FAULTS_DEPTH];
} faults_t;


extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);


static faults_t   *faults;
static const char *faults_module;
static uintptr_t   faults_text, faults_text_end;
static int         faults_inside;


static int
faults_find_module(struct dl_phdr_info *info, size_t size, void *data)
{
    int  i;

    if (info->dlpi_name == NULL
        || strstr(info->dlpi_name, faults_module) == NULL)
    {
        return 0;
    }

    for (i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_LOAD
            && info->dlpi_phdr[i].p_flags & PF_X)
        {
            faults_text = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            faults_text_end = faults_text + info->dlpi_phdr[i].p_memsz;
        }
    }

    return 1;
}


__attribute__((constructor)) static void
faults_init(void)
{
    int          fd;
    void        *p, *warm[2];
    const char  *name;

    name = getenv("FAULTS_FILE");
    faults_module = getenv("FAULTS_MODULE");

    if (name == NULL || faults_module == NULL) {
        return;
    }

    fd = open(name, O_RDWR|O_CLOEXEC);
    if (fd == -1) {
        return;
    }

    p = mmap(NULL, sizeof(faults_t), PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);

    close(fd);

    /* the first call loads a library */

    (void) backtrace(warm, 2);

    if (p != MAP_FAILED) {
        faults = p;
    }
}


static void
faults_record(void **stack, int depth)
{
    int      i;
    Dl_info  info;

    for (i = 0; i < depth; i++) {

        if (dladdr(stack[i], &info) == 0) {
            info.dli_fname = "";
            info.dli_fbase = NULL;
        }

        strncpy(faults->stack[i].object, info.dli_fname,
                sizeof(faults->stack[i].object) - 1);

        faults->stack[i].offset = (uintptr_t) stack[i]
                                  - (uintptr_t) info.dli_fbase;
    }

    faults->depth = (uint64_t) depth;
}


static int
faults_of_module(void **stack, int depth)
{
    int      i, found;
    Dl_info  info;

    if (faults_text == 0) {
        (void) dl_iterate_phdr(faults_find_module, NULL);
    }

    found = 0;

    for (i = 0; i < depth; i++) {
        found |= ((uintptr_t) stack[i] >= faults_text
                  && (uintptr_t) stack[i] < faults_text_end);
    }

    if (!found || faults->module != 2) {
        return found;
    }

    for (i = 0; i < depth; i++) {
        if (dladdr(stack[i], &info) && strstr(info.dli_fname, "libcrypto")) {
            return 0;
        }
    }

    return 1;
}


static int
faults_fails(void)
{
    int        depth;
    void      *stack[FAULTS_DEPTH];
    uint64_t   n;

    if (faults == NULL || !faults->armed || faults_inside
        || (faults->pid && faults->pid != (uint64_t) getpid()))
    {
        return 0;
    }

    faults_inside = 1;
    depth = 0;

    if (faults->module) {
        depth = backtrace(stack, FAULTS_DEPTH);

        if (!faults_of_module(stack, depth)) {
            faults_inside = 0;
            return 0;
        }
    }

    n = ++faults->count;

    if (faults->fail == 0
        || n < faults->fail || (n > faults->fail && !faults->forever))
    {
        faults_inside = 0;
        return 0;
    }

    if (faults->failed++ == 0) {

        if (depth == 0) {
            depth = backtrace(stack, FAULTS_DEPTH);
        }

        faults_record(stack, depth);
    }

    faults_inside = 0;
    errno = ENOMEM;

    return 1;
}


void *
malloc(size_t size)
{
    return faults_fails() ? NULL : __libc_malloc(size);
}


void *
calloc(size_t n, size_t size)
{
    return faults_fails() ? NULL : __libc_calloc(n, size);
}


void *
realloc(void *p, size_t size)
{
    return faults_fails() ? NULL : __libc_realloc(p, size);
}


void *
memalign(size_t alignment, size_t size)
{
    return faults_fails() ? NULL : __libc_memalign(alignment, size);
}


void *
aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}


int
posix_memalign(void **p, size_t alignment, size_t size)
{
    *p = memalign(alignment, size);

    return *p ? 0 : ENOMEM;
}
