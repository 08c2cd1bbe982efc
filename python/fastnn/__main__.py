"""`python -m fastnn`: see `fastnn.command`."""

from fastnn.command import main

if __name__ == "__main__":
    main()
