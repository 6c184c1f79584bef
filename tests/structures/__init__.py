"""Where the numbers and parts of media files lie, for the structured fuzz: a walker for each kind of file.

The walkers read files that other tools wrote well; they check nothing, and know of each format what a
demuxer must believe: sizes, counts, tables, times, dimensions.
"""
