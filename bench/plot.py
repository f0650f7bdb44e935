"""A small line plot as SVG: time against size, one line a series."""

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 220, 40, 50
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#999999"]


def nice_step(largest, steps=6):
    step = 1e-3
    while True:
        for factor in (1, 2, 5):
            if largest <= step * factor * steps:
                return step * factor
        step *= 10


def lines(title, x_label, y_label, series):
    """series: {name: [(x, y)]}; both axes begin at 0."""
    points = [point for several in series.values() for point in several]
    x_step, y_step = nice_step(max(x for x, _ in points), 8), nice_step(max(y for _, y in points))
    x_max = max(x for x, _ in points)
    y_max = y_step * (int(max(y for _, y in points) / y_step) + 1)

    def place(x, y):
        return (
            LEFT + x / x_max * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - y / y_max * (HEIGHT - TOP - BOTTOM),
        )

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{title}</text>',
    ]
    y = 0.0
    while y <= y_max + 1e-9:
        x0, place_y = place(0, y)
        x1, _ = place(x_max, y)
        out.append(f'<line x1="{x0:.1f}" y1="{place_y:.1f}" x2="{x1:.1f}" y2="{place_y:.1f}" stroke="#ddd"/>')
        out.append(f'<text x="{x0 - 6:.1f}" y="{place_y + 4:.1f}" text-anchor="end">{y:g}</text>')
        y = round(y + y_step, 9)
    x = 0.0
    while x <= x_max + 1e-9:
        place_x, y0 = place(x, 0)
        out.append(f'<text x="{place_x:.1f}" y="{y0 + 16:.1f}" text-anchor="middle">{x:g}</text>')
        x = round(x + x_step, 9)
    middle_x, base = place(x_max / 2, 0)
    out.append(f'<text x="{middle_x:.1f}" y="{base + 36:.1f}" text-anchor="middle">{x_label}</text>')
    out.append(f'<text x="16" y="{HEIGHT / 2:.1f}" text-anchor="middle" transform="rotate(-90 16 {HEIGHT / 2:.1f})">{y_label}</text>')
    for index, (name, several) in enumerate(series.items()):
        colour = COLOURS[index % len(COLOURS)]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in (place(x, y) for x, y in several))
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in (place(x, y) for x, y in several)]
        legend = TOP + 18 * index
        out.append(f'<line x1="{WIDTH - RIGHT + 12}" y1="{legend}" x2="{WIDTH - RIGHT + 32}" y2="{legend}" stroke="{colour}" stroke-width="2"/>')
        out.append(f'<text x="{WIDTH - RIGHT + 38}" y="{legend + 4}">{name}</text>')
    return "\n".join(out + ["</svg>"]) + "\n"
