/* The Python module: buffers checked at entry, the interpreter lock released, the instruction set chosen once. */
#include <Python.h>

#include "digestkernel.h"

#include <string.h>

#ifdef HAVE_X86
#include <cpuid.h>
#endif

static const Isa *chosen = NULL;

#ifdef HAVE_X86
static const Isa *const ALL[] = {&isa_sha, NULL};

static int runs_here(const Isa *isa)
{
    unsigned int eax, ebx = 0, ecx, edx;
    /* Not every compiler's __builtin_cpu_supports knows the SHA instructions; they need no help from the system. */
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || !(ebx & 1u << 29) || !__builtin_cpu_supports("sse4.1"))
        return 0;
    return 1;
}
#else
/* Elsewhere hashlib, which has good code for each function on each processor, has nothing to fear. */
static const Isa *const ALL[] = {NULL};

static int runs_here(const Isa *isa)
{
    return 0;
}
#endif

static const Isa *need_isa(void)
{
    if (!chosen)
        PyErr_SetString(PyExc_RuntimeError, "this processor lacks the instructions: available() is empty");
    return chosen;
}

static int open_state(PyObject *object, Py_buffer *view, State *state)
{
    if (PyObject_GetBuffer(object, view, PyBUF_WRITABLE) < 0)
        return -1;
    if (view->len != (Py_ssize_t)sizeof *state) {
        PyErr_SetString(PyExc_ValueError, "not a state of this kernel");
        PyBuffer_Release(view);
        return -1;
    }
    memcpy(state, view->buf, sizeof *state);
    return 0;
}

static PyObject *finished(const Isa *isa, State *state)
{
    uint8_t md5[16], sha1[20], sha256[32];
    state_finish(isa, state, md5, sha1, sha256);
    return Py_BuildValue("y#y#y#", (char *)md5, (Py_ssize_t)sizeof md5, (char *)sha1, (Py_ssize_t)sizeof sha1,
                         (char *)sha256, (Py_ssize_t)sizeof sha256);
}

static PyObject *py_digest(PyObject *module, PyObject *object)
{
    const Isa *isa = need_isa();
    Py_buffer data;
    State state;
    if (!isa || PyObject_GetBuffer(object, &data, PyBUF_SIMPLE) < 0)
        return NULL;
    Py_BEGIN_ALLOW_THREADS
    state_begin(&state);
    state_update(isa, &state, data.buf, (size_t)data.len);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&data);
    return finished(isa, &state);
}

static PyObject *py_begin(PyObject *module, PyObject *unused)
{
    State state;
    state_begin(&state);
    return PyByteArray_FromStringAndSize((const char *)&state, (Py_ssize_t)sizeof state);
}

static PyObject *py_update(PyObject *module, PyObject *args)
{
    const Isa *isa = need_isa();
    PyObject *state_object, *data_object;
    Py_buffer kept, data;
    State state;
    if (!isa || !PyArg_ParseTuple(args, "OO:update", &state_object, &data_object))
        return NULL;
    if (open_state(state_object, &kept, &state) < 0)
        return NULL;
    if (PyObject_GetBuffer(data_object, &data, PyBUF_SIMPLE) < 0) {
        PyBuffer_Release(&kept);
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    state_update(isa, &state, data.buf, (size_t)data.len);
    Py_END_ALLOW_THREADS
    memcpy(kept.buf, &state, sizeof state);
    PyBuffer_Release(&data);
    PyBuffer_Release(&kept);
    Py_RETURN_NONE;
}

static PyObject *py_finish(PyObject *module, PyObject *object)
{
    const Isa *isa = need_isa();
    Py_buffer kept;
    State state;
    if (!isa || open_state(object, &kept, &state) < 0)
        return NULL;
    PyBuffer_Release(&kept);
    return finished(isa, &state);
}

static PyObject *py_isa(PyObject *module, PyObject *unused)
{
    return PyUnicode_FromString(chosen ? chosen->name : "none");
}

static PyObject *py_available(PyObject *module, PyObject *unused)
{
    PyObject *names = PyList_New(0);
    for (size_t k = 0; names && ALL[k]; k++) {
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
    for (size_t k = 0; ALL[k]; k++)
        if (strcmp(ALL[k]->name, name) == 0 && runs_here(ALL[k])) {
            chosen = ALL[k];
            Py_RETURN_NONE;
        }
    PyErr_Format(PyExc_ValueError, "%s does not run on this machine", name);
    return NULL;
}

static PyMethodDef methods[] = {
    {"digest", py_digest, METH_O, "digest(data) -> (md5, sha1, sha256)"},
    {"begin", py_begin, METH_NOARGS, "begin() -> bytearray"},
    {"update", py_update, METH_VARARGS, "update(state, data)"},
    {"finish", py_finish, METH_O, "finish(state) -> (md5, sha1, sha256)"},
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
    for (size_t k = 0; ALL[k]; k++)
        if (runs_here(ALL[k]))
            chosen = ALL[k];
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, start}, {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "digestkernel", "MD5, SHA-1 and SHA-256 in one pass.",
                                        0, methods, slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_digestkernel(void)
{
    return PyModuleDef_Init(&definition);
}
