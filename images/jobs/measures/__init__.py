"""What a plan costs on this camera and this disk, measured with test pictures that are not kept."""
