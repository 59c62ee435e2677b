import numpy as np
from numpy.typing import NDArray

def turn(stored: NDArray[np.uint8], orientation: int, target: NDArray[np.uint8], /) -> None:
    """Write the upright picture of `stored` (h, w, 3), whose EXIF orientation is 1 to 8, into `target`.

    Both C-contiguous unsigned bytes; `target` is (w, h, 3) for 5 to 8, else (h, w, 3), and is another array. Raises
    ValueError for anything else.
    """
