"""What a warehouse has, and what it should order."""

import csv


def duplicates(items):
    found = []
    for index, item in enumerate(items):
        for other in items[index + 1:]:
            if item == other and item not in found:
                found.append(item)
    return found


def orders(levels, minimum=10):
    wanted = {}
    for name, count in levels.items():
        if count < minimum:
            wanted[name] = minimum * 2 - count
    return wanted


def load(path):
    with open(path) as file:
        return [row for row in csv.DictReader(file)]
