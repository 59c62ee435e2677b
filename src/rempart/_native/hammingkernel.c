/* The Hamming index's Python face: the Searcher type, building a chunk, and the choice of instruction set.
 *
 * A Searcher holds its buffers (keys, lines, extra) for as long as it lives. Their lengths are checked here,
 * their contents by the search, which trusts none of them. The interpreter lock is released while it runs. */
#include <Python.h>
#include <stdlib.h>
#include <string.h>

#include "hammingkernel.h"

static const Kernel *const KERNELS[] = {
#if defined(__x86_64__)
    &rempart_kernel_avx512, &rempart_kernel_avx2,
#elif defined(__aarch64__)
    &rempart_kernel_neon,
#endif
    &rempart_kernel_scalar,
};
#define KERNEL_COUNT (sizeof KERNELS / sizeof *KERNELS)

static const Kernel *chosen;

typedef struct {
    PyObject_HEAD
    Index index;
    Py_buffer keys;
    Py_buffer lines[MAX_CHUNKS];
    Py_buffer extra[MAX_CHUNKS];
    /* By bits of a line's number and reach: made on first use under the interpreter lock, never changed afterwards. */
    Lines *reached[MAX_LINE_BITS + 1][MAX_REACH + 1];
} Searcher;

/* ---- lines within reach ------------------------------------------------------------------------------------ */

static int compare_entries(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static size_t choose(uint32_t n, uint32_t k) {
    size_t value = 1;
    for (uint32_t i = 1; i <= k; i++) value = value * (n - k + i) / i;
    return k > n ? 0 : value;
}

static Lines *make_lines(uint32_t high, uint32_t reach) {
    size_t count = 0;
    for (uint32_t bits = 0; bits <= reach && bits <= high; bits++) count += choose(high, bits);
    Lines *lines = malloc(sizeof *lines + count * sizeof lines->entries[0]);
    if (!lines) return NULL;
    lines->count = 0;
    for (uint32_t bits = 0; bits <= reach && bits <= high; bits++) {
        uint32_t left = reach - bits < MAX_TAG_BITS ? reach - bits : MAX_TAG_BITS;
        uint64_t flips = ((uint64_t)1 << bits) - 1;
        while (flips < (uint64_t)1 << high) {
            lines->entries[lines->count++] = (uint32_t)flips << LEFT_BITS | left;
            if (!flips) break;
            /* The next larger number with as many bits (Gosper). */
            uint64_t lowest = flips & (~flips + 1), ripple = flips + lowest;
            flips = ripple | (((flips ^ ripple) >> 2) / lowest);
        }
    }
    qsort(lines->entries, lines->count, sizeof lines->entries[0], compare_entries);
    return lines;
}

/* ---- Searcher ---------------------------------------------------------------------------------------------- */

/* `count` in 32-bit numbers; -1 accepts any. */
static int take_array(PyObject *source, Py_buffer *view, Py_ssize_t count, const char *what) {
    if (PyObject_GetBuffer(source, view, PyBUF_SIMPLE) < 0) return 0;
    Py_ssize_t size = (Py_ssize_t)sizeof(uint32_t);
    if (view->len % size == 0 && (count < 0 || view->len == count * size) && (uintptr_t)view->buf % sizeof(uint32_t) == 0)
        return 1;
    PyErr_Format(PyExc_ValueError, "%s: a wrong length of %zd bytes, or not aligned", what, view->len);
    return 0;
}

static int chunk_fits(uint32_t start, uint32_t width, uint32_t tag_bits, uint32_t id_bits) {
    return start < KEY_BITS && width <= KEY_BITS - start && tag_bits <= MAX_TAG_BITS && tag_bits <= 32 - id_bits &&
           width >= tag_bits + MIN_LINE_BITS && width <= tag_bits + MAX_LINE_BITS;
}

static int ids_fit(uint32_t id_bits, size_t rows) {
    /* The two highest numbers of id_bits bits are no rows: see FREE and SPILLED. */
    return id_bits >= MIN_ID_BITS && id_bits < 32 && rows <= ((size_t)1 << id_bits) - 2;
}

static int take_chunk(Searcher *self, uint32_t at, PyObject *part, uint32_t start) {
    unsigned int width, tag_bits;
    PyObject *lines, *extra;
    if (!PyTuple_Check(part) || !PyArg_ParseTuple(part, "IIOO", &width, &tag_bits, &lines, &extra)) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "a chunk is (width, tag_bits, lines, extra)");
        return 0;
    }
    if (!chunk_fits(start, width, tag_bits, self->index.id_bits)) {
        PyErr_SetString(PyExc_ValueError, "chunk out of range");
        return 0;
    }
    Py_ssize_t places = (Py_ssize_t)LINE << (width - tag_bits);
    if (!take_array(lines, &self->lines[at], places, "lines")) return 0;
    if (!take_array(extra, &self->extra[at], -1, "extra")) return 0;
    size_t extra_count = (size_t)self->extra[at].len / sizeof(uint32_t);
    self->index.chunks[at] = (Chunk){start, width, tag_bits, self->lines[at].buf, self->extra[at].buf, extra_count};
    self->index.chunk_count = at + 1;
    return 1;
}

static int take_all(Searcher *self, PyObject *keys, unsigned int id_bits, PyObject *parts) {
    if (PyObject_GetBuffer(keys, &self->keys, PyBUF_SIMPLE) < 0) return 0;
    if (self->keys.len % KEY_BYTES || !ids_fit(id_bits, (size_t)self->keys.len / KEY_BYTES)) {
        PyErr_SetString(PyExc_ValueError, "keys are rows of 32 bytes, as many as fit the id bits");
        return 0;
    }
    self->index.id_bits = id_bits;
    self->index.keys = self->keys.buf;
    self->index.rows = (uint32_t)(self->keys.len / KEY_BYTES);
    Py_ssize_t count = PyTuple_Check(parts) ? PyTuple_Size(parts) : -1;
    if (count < 0 || count > MAX_CHUNKS) {
        PyErr_SetString(PyExc_ValueError, "chunks are a tuple of at most 32");
        return 0;
    }
    uint32_t start = 0;
    for (Py_ssize_t at = 0; at < count; at++) {
        if (!take_chunk(self, (uint32_t)at, PyTuple_GetItem(parts, at), start)) return 0;
        start += self->index.chunks[at].width;
    }
    if (count && start != KEY_BITS) {
        PyErr_SetString(PyExc_ValueError, "the chunks' widths do not sum to 256");
        return 0;
    }
    return 1;
}

static PyObject *searcher_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    PyObject *keys, *parts;
    unsigned int id_bits;
    if (kwargs && PyDict_Size(kwargs)) {
        PyErr_SetString(PyExc_TypeError, "Searcher takes no keyword arguments");
        return NULL;
    }
    if (!PyArg_ParseTuple(args, "OIO:Searcher", &keys, &id_bits, &parts)) return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Searcher *self = (Searcher *)allocate(type, 0);
    if (self && !take_all(self, keys, id_bits, parts)) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static void searcher_dealloc(Searcher *self) {
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    PyBuffer_Release(&self->keys);
    for (int at = 0; at < MAX_CHUNKS; at++) {
        PyBuffer_Release(&self->lines[at]);
        PyBuffer_Release(&self->extra[at]);
    }
    for (int bits = 0; bits <= MAX_LINE_BITS; bits++)
        for (int reach = 0; reach <= MAX_REACH; reach++) free(self->reached[bits][reach]);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static int add_part(Searcher *self, Plan *plan, uint32_t at, int reach) {
    const Chunk *chunk = &self->index.chunks[at];
    uint32_t line_bits = chunk->width - chunk->tag_bits;
    Lines **lines = &self->reached[line_bits][reach];
    if (!*lines && !(*lines = make_lines(line_bits, (uint32_t)reach))) {
        PyErr_NoMemory();
        return 0;
    }
    plan->parts[plan->chunk_count].chunk = chunk;
    plan->parts[plan->chunk_count].lines = *lines;
    plan->parts[plan->chunk_count++].reach = (uint32_t)reach;
    return 1;
}

/* `reaches` is one signed byte per chunk, or empty to compare every row. Refuses any that could miss a row. */
static int make_plan(Searcher *self, Plan *plan, int radius, const signed char *reaches, Py_ssize_t count) {
    plan->radius = (uint32_t)radius;
    plan->chunk_count = 0;
    int covered = 0;
    for (Py_ssize_t at = 0; at < count; at++) {
        int reach = reaches[at];
        if (count != (Py_ssize_t)self->index.chunk_count || reach < -1 || reach > MAX_REACH) {
            PyErr_SetString(PyExc_ValueError, "one reach of -1 to 6 for each chunk");
            return 0;
        }
        covered += reach + 1;
        if (reach >= 0 && !add_part(self, plan, (uint32_t)at, reach)) return 0;
    }
    if (!count || covered > radius) return 1;
    PyErr_SetString(PyExc_ValueError, "these reaches would miss rows");
    return 0;
}

static PyObject *hits_to_python(const Hits *hits, const int64_t *offsets, Py_ssize_t count) {
    PyObject *places = PyBytes_FromStringAndSize((const char *)offsets, (count + 1) * (Py_ssize_t)sizeof *offsets);
    PyObject *rows = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(hits->count * sizeof(uint32_t)));
    PyObject *distances = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)hits->count);
    if (!places || !rows || !distances) {
        Py_XDECREF(places);
        Py_XDECREF(rows);
        Py_XDECREF(distances);
        return NULL;
    }
    char *row = PyBytes_AsString(rows), *distance = PyBytes_AsString(distances);
    for (size_t i = 0; i < hits->count; i++) {
        uint32_t number = (uint32_t)hits->items[i];
        memcpy(row + i * sizeof number, &number, sizeof number);
        distance[i] = (char)(hits->items[i] >> 32);
    }
    return Py_BuildValue("(NNN)", places, rows, distances);
}

static PyObject *run_search(Searcher *self, const Plan *plan, const Py_buffer *queries) {
    Py_ssize_t count = queries->len / KEY_BYTES;
    Hits hits = {NULL, 0, 0};
    int64_t few[65];
    int64_t *offsets = count <= 64 ? few : malloc(((size_t)count + 1) * sizeof *offsets);
    if (!offsets) return PyErr_NoMemory();
    SearchFunction search = chosen->search;
    SearchResult result;
    Py_BEGIN_ALLOW_THREADS
    result = search(&self->index, plan, queries->buf, (size_t)count, &hits, offsets);
    Py_END_ALLOW_THREADS
    PyObject *answer = NULL;
    if (result == SEARCH_OK)
        answer = hits_to_python(&hits, offsets, count);
    else if (result == SEARCH_NO_MEMORY)
        PyErr_NoMemory();
    else
        answer = Py_NewRef(Py_None);
    free(hits.items);
    if (offsets != few) free(offsets);
    return answer;
}

static PyObject *searcher_search(Searcher *self, PyObject *args) {
    Py_buffer queries, reaches;
    int radius;
    if (!PyArg_ParseTuple(args, "y*iy*:search", &queries, &radius, &reaches)) return NULL;
    Plan plan;
    PyObject *answer = NULL;
    if (queries.len % KEY_BYTES || radius < 0 || radius > MAX_RADIUS)
        PyErr_SetString(PyExc_ValueError, "queries are rows of 32 bytes, a radius is 0 to 63");
    else if (make_plan(self, &plan, radius, reaches.buf, reaches.len))
        answer = run_search(self, &plan, &queries);
    PyBuffer_Release(&queries);
    PyBuffer_Release(&reaches);
    return answer;
}

static PyMethodDef searcher_methods[] = {
    {"search", (PyCFunction)searcher_search, METH_VARARGS,
     "search(queries, radius, reaches) -> (offsets, rows, distances) as bytes, or None: the index is damaged"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot searcher_slots[] = {
    {Py_tp_doc, "Searcher(keys, id_bits, ((width, tag_bits, lines, extra), ...)): searches the buffers it is given."},
    {Py_tp_new, searcher_new},
    {Py_tp_dealloc, searcher_dealloc},
    {Py_tp_methods, searcher_methods},
    {0, NULL},
};

static PyType_Spec searcher_spec = {
    .name = "rempart._native.hammingkernel.Searcher",
    .basicsize = sizeof(Searcher),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = searcher_slots,
};

/* ---- module ------------------------------------------------------------------------------------------------ */

/* `counts` is the caller's scratch room, one number for each line. Returns the chunk's `extra` as bytes. */
static PyObject *build(const Py_buffer *keys, const Chunk *chunk, uint32_t id_bits, uint32_t *counts, uint32_t *lines) {
    uint32_t rows = (uint32_t)(keys->len / KEY_BYTES);
    size_t surplus;
    Py_BEGIN_ALLOW_THREADS
    surplus = rempart_count_chunk(keys->buf, rows, chunk, counts);
    Py_END_ALLOW_THREADS
    PyObject *extra = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(surplus * sizeof(uint32_t)));
    if (!extra) return NULL;
    uint32_t *places = (uint32_t *)(void *)PyBytes_AsString(extra);
    Py_BEGIN_ALLOW_THREADS
    rempart_fill_chunk(keys->buf, rows, chunk, id_bits, counts, lines, places);
    Py_END_ALLOW_THREADS
    return extra;
}

static PyObject *build_chunk(PyObject *module, PyObject *args) {
    Py_buffer keys, counts, lines;
    Chunk chunk = {0};
    unsigned int id_bits;
    if (!PyArg_ParseTuple(args, "y*IIIIw*w*:build_chunk", &keys, &chunk.start, &chunk.width, &chunk.tag_bits, &id_bits,
                          &counts, &lines))
        return NULL;
    PyObject *extra = NULL;
    if (keys.len % KEY_BYTES == 0 && ids_fit(id_bits, (size_t)keys.len / KEY_BYTES) &&
        chunk_fits(chunk.start, chunk.width, chunk.tag_bits, id_bits) &&
        counts.len == (Py_ssize_t)sizeof(uint32_t) << (chunk.width - chunk.tag_bits) &&
        lines.len == counts.len * (Py_ssize_t)LINE && (uintptr_t)counts.buf % sizeof(uint32_t) == 0 &&
        (uintptr_t)lines.buf % sizeof(uint32_t) == 0)
        extra = build(&keys, &chunk, id_bits, counts.buf, lines.buf);
    else
        PyErr_SetString(PyExc_ValueError, "keys, chunk, counts and lines do not fit together");
    PyBuffer_Release(&keys);
    PyBuffer_Release(&counts);
    PyBuffer_Release(&lines);
    return extra;
}

static PyObject *isa(PyObject *module, PyObject *none) { return PyUnicode_FromString(chosen->name); }

static PyObject *available(PyObject *module, PyObject *none) {
    PyObject *names = PyList_New(0);
    for (size_t i = KERNEL_COUNT; names && i-- > 0;) {
        if (!KERNELS[i]->supported()) continue;
        PyObject *name = PyUnicode_FromString(KERNELS[i]->name);
        if (!name || PyList_Append(names, name) < 0) Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

static PyObject *force(PyObject *module, PyObject *name) {
    for (size_t i = 0; i < KERNEL_COUNT; i++) {
        PyObject *own = PyUnicode_FromString(KERNELS[i]->name);
        if (!own) return NULL;
        int equal = PyObject_RichCompareBool(own, name, Py_EQ);
        Py_DECREF(own);
        if (equal < 0) return NULL;
        if (!equal || !KERNELS[i]->supported()) continue;
        chosen = KERNELS[i];
        Py_RETURN_NONE;
    }
    PyErr_Format(PyExc_ValueError, "this machine has no instruction set %R", name);
    return NULL;
}

static int start_module(PyObject *module) {
    for (size_t i = KERNEL_COUNT; i-- > 0;)
        if (KERNELS[i]->supported()) chosen = KERNELS[i];
    PyObject *type = PyType_FromModuleAndSpec(module, &searcher_spec, NULL);
    if (!type) return -1;
    int result = PyModule_AddObjectRef(module, "Searcher", type);
    Py_DECREF(type);
    return result;
}

static PyMethodDef module_methods[] = {
    {"build_chunk", build_chunk, METH_VARARGS,
     "build_chunk(keys, start, width, tag_bits, id_bits, counts, lines) -> extra: fill a chunk's lines in place"},
    {"isa", isa, METH_NOARGS, "The instruction set in use."},
    {"available", available, METH_NOARGS, "What runs on this machine, the slowest first."},
    {"force", force, METH_O, "Use one of the available instruction sets from now on, in the whole process."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, start_module}, {0, NULL}};

static PyModuleDef module_definition = {
    PyModuleDef_HEAD_INIT, .m_name = "hammingkernel", .m_doc = "Exact Hamming search over a mapped index.",
    .m_methods = module_methods, .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit_hammingkernel(void) { return PyModuleDef_Init(&module_definition); }
