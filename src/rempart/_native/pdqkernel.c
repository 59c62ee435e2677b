/* The Python module: buffers checked at entry, the interpreter lock released, the instruction set chosen once. */
#include <Python.h>

#include "pdqkernel.h"

#include <limits.h>
#include <string.h>

static const Isa *chosen = &isa_scalar;

static int runs_here(const Isa *isa)
{
#ifdef HAVE_X86
    if (isa == &isa_avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    if (isa == &isa_avx2)
        return __builtin_cpu_supports("avx2");
#endif
    return isa == &isa_scalar;
}

static const Isa *const ALL[] = {
    &isa_scalar,
#ifdef HAVE_X86
    &isa_avx2,
    &isa_avx512,
#endif
};
#define COUNT (sizeof ALL / sizeof *ALL)

static int refuse(Py_buffer *view, const char *why)
{
    PyErr_SetString(PyExc_ValueError, why);
    PyBuffer_Release(view);
    return -1;
}

/* (h, w, 3) or (h, w) unsigned bytes; rows at any stride, pixels within a row without gaps. */
static int open_picture(PyObject *object, Py_buffer *view, Picture *picture)
{
    if (PyObject_GetBuffer(object, view, PyBUF_STRIDES | PyBUF_FORMAT) < 0)
        return -1;
    if (view->itemsize != 1 || (view->format && strcmp(view->format, "B") != 0))
        return refuse(view, "pixels are unsigned bytes");
    if (view->ndim != 2 && !(view->ndim == 3 && view->shape[2] == 3))
        return refuse(view, "pixels have the shape (h, w, 3) or (h, w)");
    if (view->shape[0] < 1 || view->shape[1] < 1)
        return refuse(view, "the picture has no pixels");
    /* Only a view that repeats its pixels is so long; an axis is counted in int. */
    if (view->shape[0] > INT_MAX / 2 || view->shape[1] > INT_MAX / 2)
        return refuse(view, "the picture has too many rows or columns");
    Py_ssize_t channels = view->ndim == 3 ? 3 : 1;
    if ((channels == 3 && view->strides[2] != 1) || (view->shape[1] > 1 && view->strides[1] != channels))
        return refuse(view, "the pixels of a row lie one after the other");
    picture->data = view->buf;
    picture->stride = view->strides[0];
    picture->height = (size_t)view->shape[0];
    picture->width = (size_t)view->shape[1];
    picture->channels = (size_t)channels;
    return 0;
}

static PyObject *py_hash(PyObject *module, PyObject *args)
{
    PyObject *object;
    int dihedral = 0;
    if (!PyArg_ParseTuple(args, "O|p:hash", &object, &dihedral))
        return NULL;
    Py_buffer view;
    Picture picture;
    Result result;
    int failed;
    if (open_picture(object, &view, &picture) < 0)
        return NULL;
    const Isa *isa = chosen;
    Py_BEGIN_ALLOW_THREADS
    failed = hash_picture(isa, &picture, dihedral, &result);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&view);
    if (failed)
        return PyErr_NoMemory();
    return Py_BuildValue("y#iN", (const char *)result.hashes, (Py_ssize_t)(dihedral ? 256 : 32), result.quality,
                         PyBool_FromLong(result.exact));
}

static PyObject *py_frequencies(PyObject *module, PyObject *args)
{
    PyObject *object;
    int exact;
    if (!PyArg_ParseTuple(args, "Op:frequencies", &object, &exact))
        return NULL;
    Py_buffer view;
    Picture picture;
    float samples[SIDE * SIDE], frequencies[COEFFICIENTS];
    int failed;
    if (open_picture(object, &view, &picture) < 0)
        return NULL;
    if (picture.height < 5 || picture.width < 5) {
        refuse(&view, "fewer than 5 rows or columns");
        return NULL;
    }
    const Isa *isa = chosen;
    Py_BEGIN_ALLOW_THREADS
    failed = frequencies_of(isa, &picture, exact, samples, frequencies);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&view);
    if (failed)
        return PyErr_NoMemory();
    return Py_BuildValue("y#y#", (const char *)samples, (Py_ssize_t)sizeof samples, (const char *)frequencies,
                         (Py_ssize_t)sizeof frequencies);
}

static PyObject *py_isa(PyObject *module, PyObject *unused)
{
    return PyUnicode_FromString(chosen->name);
}

static PyObject *py_available(PyObject *module, PyObject *unused)
{
    PyObject *names = PyList_New(0);
    for (size_t k = 0; names && k < COUNT; k++) {
        if (!runs_here(ALL[k]))
            continue;
        PyObject *name = PyUnicode_FromString(ALL[k]->name);
        if (!name || PyList_Append(names, name) < 0)
            Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

static PyObject *py_force(PyObject *module, PyObject *args)
{
    const char *name;
    if (!PyArg_ParseTuple(args, "s:force", &name))
        return NULL;
    for (size_t k = 0; k < COUNT; k++)
        if (strcmp(ALL[k]->name, name) == 0 && runs_here(ALL[k])) {
            chosen = ALL[k];
            Py_RETURN_NONE;
        }
    PyErr_Format(PyExc_ValueError, "%s does not run on this machine", name);
    return NULL;
}

static PyMethodDef methods[] = {
    {"hash", py_hash, METH_VARARGS, "hash(pixels, dihedral=False) -> (bytes, quality, exact)"},
    {"frequencies", py_frequencies, METH_VARARGS, "frequencies(pixels, exact) -> (samples, frequencies)"},
    {"isa", py_isa, METH_NOARGS, "isa() -> str"},
    {"available", py_available, METH_NOARGS, "available() -> list[str]"},
    {"force", py_force, METH_VARARGS, "force(isa)"},
    {NULL, NULL, 0, NULL},
};

static int start(PyObject *module)
{
#ifdef HAVE_X86
    __builtin_cpu_init();
#endif
    init_cosines();
    for (size_t k = 0; k < COUNT; k++)
        if (runs_here(ALL[k]))
            chosen = ALL[k];
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, start}, {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "pdqkernel", "PDQ of 8-bit pixels.", 0, methods, slots,
                                        NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_pdqkernel(void)
{
    return PyModuleDef_Init(&definition);
}
