"""Pictures of a running episode: a world map as an array of pixels, or in a window. matplotlib is
imported only when one is drawn.
"""
