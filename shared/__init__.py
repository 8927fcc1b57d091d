"""What crosses a service boundary, and the machinery to carry it; knows no service."""
