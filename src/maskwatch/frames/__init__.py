"""Sources of pictures: files, folders, videos, cameras and network streams."""
