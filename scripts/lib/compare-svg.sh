# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The pictures of scripts/compare-html, each written by awk: 600 units wide, with
# styles of the page.  SVG_AWK is what all of them use, and needs FORMAT_AWK.
# shellcheck disable=SC2034,SC2016 # for who sources it; programs of awk

# The picture is W x H, the part inside the axes goes from (L, T) to (R, B).
# at_x() and at_y() place a value on a logarithmic axis that set_axes() has set.
SVG_AWK='
function escape(s) {
	gsub(/&/, "\\&amp;", s)
	gsub(/</, "\\&lt;", s)
	gsub(/>/, "\\&gt;", s)
	gsub(/"/, "\\&quot;", s)
	return s
}
function log10(x) {
	return log(x) / log(10)
}
function floor_of(x) {
	return x < 0 && x != int(x) ? int(x) - 1 : int(x)
}
function ceiling(x) {
	return -floor_of(-x)
}
function frame(height) {
	W = 600; H = height; L = 76; R = 588; T = 34; B = height - 46
}
function set_axes(x0, x1, y0, y1) {
	lx0 = log10(x0); lx1 = log10(x1); ly0 = log10(y0); ly1 = log10(y1)
}
function clip(v, low, high) {
	return v < low ? low : v > high ? high : v
}
function at_x(x) {
	return clip(L + (R - L) * (log10(x) - lx0) / (lx1 - lx0), L, R)
}
function at_y(y) {
	return clip(B - (B - T) * (log10(y) - ly0) / (ly1 - ly0), T, B)
}
function px(v) {
	return sprintf("%.1f", v) + 0
}
function text(x, y, anchor, s, class) {
	return sprintf("<text x=\"%s\" y=\"%s\" text-anchor=\"%s\"%s>%s</text>\n", px(x), px(y), \
		anchor, class == "" ? "" : " class=\"" class "\"", s)
}
function stroke(class, x0, y0, x1, y1) {
	return sprintf("<path class=\"%s\" d=\"M%s %sL%s %s\"/>\n", class, px(x0), px(y0), px(x1), px(y1))
}
function dot(class, x, y, r) {
	return sprintf("<circle class=\"%s\" cx=\"%s\" cy=\"%s\" r=\"%s\"/>\n", class, px(x), px(y), r)
}
function bar(class, x, y, w, h) {
	return sprintf("<rect class=\"%s\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"/>\n", class, \
		px(x), px(y), px(w), px(h))
}
function tick_x(x, s) {
	# The last one would be cut off.
	return stroke("grid", at_x(x), T, at_x(x), B) \
		text(at_x(x) > R - 8 ? W : at_x(x), B + 18, at_x(x) > R - 8 ? "end" : "middle", s)
}
function tick_y(y, s) {
	return stroke("grid", L, at_y(y), R, at_y(y)) text(L - 8, at_y(y) + 4, "end", s)
}
function titles(x, y) {
	return text((L + R) / 2, H - 6, "middle", x) \
		sprintf("<text transform=\"translate(14 %s) rotate(-90)\" text-anchor=\"middle\">%s</text>\n", \
			px((T + B) / 2), y)
}
# Samples of both lines with words, above the picture.
function legend(a, b) {
	return stroke("la", L, 14, L + 28, 14) text(L + 34, 18, "start", a, "key") \
		stroke("lb", L + 256, 14, L + 284, 14) text(L + 290, 18, "start", b, "key")
}
function figure(title, words, label, body) {
	printf "<figure><figcaption>%s<span>%s</span></figcaption>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n%s</svg></figure>\n", \
		escape(title), words, W, H, escape(label), body
}
# 1 us, 10 us, ...: a power of ten of ns, short.
function tick_words(x, unit) {
	if (unit == "ns")
		return x < 1e3 ? x " ns" : x < 1e6 ? x / 1e3 " &#181;s" : x < 1e9 ? x / 1e6 " ms" : x / 1e9 " s"
	return human(x, unit)
}
# The names in an order in which those that differ most come first; the rest is folded,
# or left out so that the page stays small.
function pictures(n, shown, fold,    i, j, x) {
	for (i = 2; i <= n; i++) {
		x = names[i]
		for (j = i - 1; j >= 1 && score[names[j]] < score[x]; j--)
			names[j + 1] = names[j]
		names[j + 1] = x
	}
	for (i = 1; i <= n; i++) {
		if (i > shown && !fold) {
			printf "<p class=\"quiet\">%d more, which differ less, are not drawn.</p>\n", n - shown
			return
		}
		if (i == shown + 1)
			printf "<details><summary>%d more, which differ less</summary><div class=\"figures\">\n", n - shown
		picture(names[i])
	}
	if (n > shown)
		print "</div></details>"
}
function distance(a, b) {
	a = log((a > 0 ? a : 1) / (b > 0 ? b : 1))
	return a < 0 ? -a : a
}
function side_name(s) {
	return s == "A" ? "a" : "b"
}
# Sorts list[1..n] of numbers.
function sort_numbers(list, n,    gap, i, j, x) {
	for (gap = int(n / 2); gap; gap = int(gap / 2))
		for (i = gap + 1; i <= n; i++) {
			x = list[i]
			for (j = i; j > gap && list[j - gap] > x; j -= gap)
				list[j] = list[j - gap]
			list[j] = x
		}
}
'

# In a cell of the table: a fixed axis from 1/2 to 2, on which right is better.
INTERVAL_AWK='
function better_at(r, good) {
	if (r == "inf")
		r = 1e9
	if (r < 1e-9)
		r = 1e-9
	r = log(r) / log(2)
	if (good == "lower")
		r = -r
	return r
}
function place(r) {
	return 80 + 72 * clip(r, -1, 1)
}
function arrow(at, sign) {
	return sprintf("<path class=\"fb\" d=\"M%s 5l%d 5l%d 5z\"/>", px(at), 6 * sign, -6 * sign)
}
function without_lines(s) {
	gsub(/\n/, "", s)
	return s
}
function picture(    low, high, mid, t, s, swap) {
	s = "<svg viewBox=\"0 0 160 20\" aria-hidden=\"true\">"
	if ($7 == "-")
		return s "</svg>"
	t = 72 * log(1 + $10 / 100) / log(2)
	if (t > 72)
		t = 72
	s = s bar("zone", 80 - t, 2, 2 * t, 16) stroke("axis", 80, 0, 80, 20)
	mid = better_at($7, $4)
	if ($8 == "-")
		return without_lines(s bar("fb", place(mid) - 4, 6, 8, 8) "</svg>")
	low = better_at($8, $4)
	high = better_at($9, $4)
	if (low > high) {
		swap = low
		low = high
		high = swap
	}
	s = s stroke("lb whisker", place(low), 10, place(high), 10)
	if (low < -1)
		s = s arrow(place(low), -1)
	if (high > 1)
		s = s arrow(place(high), 1)
	return without_lines(s bar("fb", place(mid) - 4, 6, 8, 8) "</svg>")
}
'

# Of each histogram the complementary cumulative distribution of both sides.
CCDF_AWK='
$1 != "hist" { next }
{
	if (!(($4) in unit)) {
		unit[$4] = $5
		names[++nr_names] = $4
	}
	if (!(($2, $4, $3) in known)) {
		known[$2, $4, $3] = 1
		boot[$2, $4, ++boots[$2, $4]] = $3
	}
	if (!(($4, $6) in has)) {
		has[$4, $6] = 1
		lowest[$4, ++values[$4]] = $6 + 0
	}
	hist[$2, $4, $3, $6 + 0] += $7
	total[$2, $4, $3] += $7
	all[$2, $4] += $7
}
# Sets share[], least[] and most[] of side s at each value, from the top down; values
# that share a picture column are drawn once.
function add_up(s, m, n,    i, k, b, x, sum, part) {
	split("", sum)
	for (i = n; i >= 1; i--) {
		x = at[i]
		share[i] = 0
		least[i] = 2
		most[i] = 0
		for (k = 1; k <= boots[s, m]; k++) {
			b = boot[s, m, k]
			sum[b] += hist[s, m, b, x]
			share[i] += sum[b]
			part = sum[b] / total[s, m, b]
			least[i] = part < least[i] ? part : least[i]
			most[i] = part > most[i] ? part : most[i]
		}
		share[i] /= all[s, m]
	}
}
function curve(s, m, n,    i, d, up, down, x, last, y) {
	add_up(s, m, n)
	last = -1
	for (i = 1; i <= n && share[i]; i++) {
		x = px(at_x(at[i] ? at[i] : low_x))
		if (x - last < 2.5 && share[i + 1])
			continue
		last = x
		y = px(at_y(share[i]))
		d = d (d == "" ? "M" : "L") x " " y
		up = up (up == "" ? "M" : "L") x " " px(at_y(most[i]))
		down = "L" x " " px(at_y(least[i] ? least[i] : low_y)) down
		longest = at[i]
	}
	s = side_name(s)
	return "<path class=\"f" s " band\" d=\"" up down "z\"/>\n<path class=\"l" s "\" d=\"" d "\"/>\n" \
		dot("f" s, x, y, 3.5)
}
function sort_values(m,    i) {
	for (i = 1; i <= values[m]; i++)
		at[i] = lowest[m, i]
	sort_numbers(at, values[m])
	return values[m]
}
# What 1 of 1,000 accesses reaches.
function far_tail(s, m,    i, n, sum, k) {
	for (i = values[m]; i >= 1 && sum < all[s, m] / 1000; i--)
		for (k = 1; k <= boots[s, m]; k++)
			sum += hist[s, m, boot[s, m, k], at[i]]
	return at[i + 1]
}
# The part that is as long as the longest.
function least_share(s, m,    i, k, sum) {
	for (i = values[m]; i >= 1; i--) {
		for (k = 1; k <= boots[s, m]; k++)
			sum += hist[s, m, boot[s, m, k], at[i]]
		if (sum)
			return sum / all[s, m]
	}
	return 1
}
function picture(m,    n, i, body, high_x, x, y, a, b) {
	n = sort_values(m)
	low_x = at[1] > 0 ? at[1] : n > 1 ? at[2] : 1
	low_x = 10 ^ floor_of(log10(low_x) + 1e-9)
	high_x = at[n] > low_x ? 10 ^ ceiling(log10(at[n]) - 1e-9) : low_x * 10
	x = least_share("A", m)
	y = least_share("B", m)
	y = x < y ? x : y
	low_y = 10 ^ floor_of(log10(y < 0.01 ? y : 0.01) + 1e-9)
	frame(380)
	set_axes(low_x, high_x, low_y, 1)
	for (x = low_x; x <= high_x * 1.01; x *= 10)
		body = body tick_x(x, tick_words(x, unit[m]))
	for (y = 1; y >= low_y * 0.99; y /= 10)
		body = body tick_y(y, y >= 0.999 ? "all" : y >= 0.0099 ? y * 100 " %" : \
			y >= 0.00000099 ? sprintf("1 in 10<tspan dy=\"-4\" font-size=\"10\">%d</tspan>", -log10(y) + 0.5) : "")
	body = body titles(unit[m] == "ns" ? "took at least" : "at least, " unit[m], \
		m ~ /\/host(\/|$)/ ? "share of operations" : "share of accesses")
	if (boots["A", m]) {
		body = body curve("A", m, n)
		a = ", longest " human(longest, unit[m])
	}
	if (boots["B", m]) {
		body = body curve("B", m, n)
		b = ", longest " human(longest, unit[m])
	}
	body = body legend("A" a, "B" b)
	figure(m, sprintf("A: %s samples of %d boots; B: %s of %d", thousands(all["A", m]), boots["A", m], \
		thousands(all["B", m]), boots["B", m]), \
		"Complementary cumulative distribution of " m, body)
}
END {
	for (i = 1; i <= nr_names; i++) {
		sort_values(names[i])
		score[names[i]] = distance(far_tail("A", names[i]), far_tail("B", names[i]))
	}
	pictures(nr_names, shown ? shown : 6, !shown)
}
'

# Of each set of spans a picture of the first moments of A above the same of B.
TIMELINE_AWK='
$1 != "span" { next }
{
	if (!($4 in known)) {
		known[$4] = 1
		names[++nr_names] = $4
	}
	# One boot of each side is enough.
	if (!(($2, $4) in chosen))
		chosen[$2, $4] = $3
	if (chosen[$2, $4] != $3)
		next
	n = ++spans[$2, $4]
	kind[$2, $4, n] = $5
	start[$2, $4, n] = $6 + 0
	len[$2, $4, n] = $7 + 0
	stalled[$2, $4] += $5 == "stall" ? $7 : 0
	if (!(($2, $4) in first) || $6 + 0 < first[$2, $4])
		first[$2, $4] = $6 + 0
}
# How many spans of the side begin in its first w us?
function within(s, m, w,    i, n) {
	for (i = 1; i <= spans[s, m]; i++)
		n += start[s, m, i] - first[s, m] <= w
	return n
}
# The longest of 1, 2, 5, 10, ... ms in which one can still tell them apart.
function window(m,    w, k, best, step) {
	split("2 2.5 2", step, " ")
	best = 1000
	w = 1000
	for (k = 0; k < 12; k++) {
		if (within("A", m, w) > 400 || within("B", m, w) > 400)
			break
		best = w
		if (within("A", m, w) >= 0.97 * spans["A", m] && within("B", m, w) >= 0.97 * spans["B", m])
			break
		w *= step[k % 3 + 1]
	}
	return best
}
function across(us) {
	return L + (R - L) * us / wide
}
function panel(s, m, top, bottom,    i, x, w, ops, stems, tops, grid, y, from) {
	T = top
	B = bottom
	from = first[s, m]
	for (y = low_y; y <= high_y * 1.01; y *= 10)
		grid = grid tick_y(y, tick_words(y * 1000, "ns"))
	for (i = 1; i <= spans[s, m]; i++) {
		x = start[s, m, i] - from
		if (x > wide)
			continue
		x = across(x)
		if (kind[s, m, i] == "host") {
			w = px(clip((R - L) * len[s, m, i] / wide, 0.8, R - x))
			ops = ops "M" px(x) " " T "h" w "V" B "h-" w "z"
		} else {
			y = px(at_y(len[s, m, i] > low_y ? len[s, m, i] : low_y))
			stems = stems "M" px(x) " " B "V" y
			tops = tops "M" px(x) " " y "h0"
		}
	}
	s = side_name(s)
	return grid "<path class=\"op\" d=\"" ops "\"/>\n" \
		"<path class=\"l" s " whisker\" d=\"" stems "\"/>\n" \
		"<path class=\"l" s " dots\" d=\"" tops "\"/>\n" \
		text(L, T - 6, "start", s == "a" ? "A" : "B", "key") stroke("axis", L, B, R, B)
}
function picture(m,    i, body, s, y, ticks) {
	low_y = high_y = 0
	for (s = "A"; s != ""; s = s == "A" ? "B" : "")
		for (i = 1; i <= spans[s, m]; i++)
			if (kind[s, m, i] == "stall" && len[s, m, i] > 0) {
				y = len[s, m, i]
				low_y = !low_y || y < low_y ? y : low_y
				high_y = y > high_y ? y : high_y
			}
	if (!high_y)
		return
	low_y = 10 ^ floor_of(log10(low_y) + 1e-9)
	high_y = 10 ^ ceiling(log10(high_y > low_y ? high_y : low_y * 10) - 1e-9)
	wide = window(m)
	frame(440)
	set_axes(1, 10, low_y, high_y)
	body = panel("A", m, 26, 196) panel("B", m, 222, 392)
	for (i = 0; i <= 5; i++)
		ticks = ticks text(across(wide * i / 5), 410, i == 5 ? "end" : "middle", wide * i / 5000 " ms")
	T = 26
	body = body ticks titles("time", "length of a stall")
	figure(m, sprintf("The first %s ms; dots: stalls of the guest, grey: operations of the host", wide / 1000), \
		"Stalls over time of " m, body)
}
END {
	for (i = 1; i <= nr_names; i++)
		score[names[i]] = distance(stalled["A", names[i]], stalled["B", names[i]])
	pictures(nr_names, 4, 0)
}
'

# Rows whose names differ in one `word=N` only are one cost at several scales.
SCALE_AWK='
$1 != "row" || !match($4, /(^|\/)[a-z]+=[0-9]+(\/|$)/) { next }
{
	part = substr($4, RSTART, RLENGTH)
	gsub(/\//, "", part)
	eq = index(part, "=")
	word = substr(part, 1, eq - 1)
	scale = substr(part, eq + 1) + 0
	group = $4
	sub(word "=[0-9]+", word "=N", group)
	if (!(group in unit)) {
		names[++nr_names] = group
		unit[group] = $5
		axis[group] = word
	}
	if (!((group, scale) in has)) {
		has[group, scale] = 1
		scales[group, ++nr_scales[group]] = scale
	}
	sample[$2, group, scale, ++count[$2, group, scale]] = $7 + 0
}
# Sets least, middle and most; 0 if there are none.
function summary(s, g, x,    n, i, list) {
	n = count[s, g, x] + 0
	if (!n)
		return 0
	for (i = 1; i <= n; i++)
		list[i] = sample[s, g, x, i]
	sort_numbers(list, n)
	least = list[1]
	most = list[n]
	middle = (list[int((n + 1) / 2)] + list[int(n / 2) + 1]) / 2
	return n
}
# Slope of a straight line through the logarithms; scale 0 has none.
function exponent(s, g, n,    i, x, y, k, sx, sy, sxx, sxy) {
	for (i = 1; i <= n; i++)
		if (at[i] > 0 && summary(s, g, at[i]) && middle > 0) {
			x = log(at[i])
			y = log(middle)
			k++
			sx += x; sy += y; sxx += x * x; sxy += x * y
		}
	if (k < 2 || k * sxx == sx * sx)
		return ""
	return sprintf(", exponent %.3f", (k * sxy - sx * sy) / (k * sxx - sx * sx))
}
# Scale 0 is put before the first one.
function scale_x(x) {
	return at_x(x > 0 ? x : zero_at)
}
function curve(s, g, n,    i, d, x, c, marks) {
	c = side_name(s)
	for (i = 1; i <= n; i++) {
		if (!summary(s, g, at[i]) || middle <= 0)
			continue
		x = scale_x(at[i]) + (s == "A" ? -2 : 2)
		d = d (d == "" ? "M" : "L") px(x) " " px(at_y(middle))
		marks = marks stroke("l" c " whisker", x, at_y(least > 0 ? least : middle), x, at_y(most)) \
			(s == "A" ? dot("fa", x, at_y(middle), 4) : bar("fb", x - 3.5, at_y(middle) - 3.5, 7, 7))
	}
	return d == "" ? "" : "<path class=\"l" c "\" d=\"" d "\"/>\n" marks
}
# 1, 2 and 5 of each decade, or the decades alone when there are many.
function ticks_y(low, high, u,    y, step, out) {
	for (y = 10 ^ floor_of(log10(low)); y <= high * 1.001; y *= 10)
		for (step = 1; step <= 5; step += step == 1 ? 1 : step == 2 ? 3 : 1)
			if ((step == 1 || high / low < 200) && y * step >= low * 0.999 && y * step <= high * 1.001)
				out = out tick_y(y * step, human(y * step, u))
	return out
}
function nice_below(y,    d) {
	d = 10 ^ floor_of(log10(y))
	return d * (y >= 5 * d ? 5 : y >= 2 * d ? 2 : 1)
}
function nice_above(y,    d) {
	d = 10 ^ floor_of(log10(y))
	return d * (y <= d ? 1 : y <= 2 * d ? 2 : y <= 5 * d ? 5 : 10)
}
function picture(g,    n, i, s, low, high, body) {
	n = nr_scales[g]
	for (i = 1; i <= n; i++)
		at[i] = scales[g, i]
	sort_numbers(at, n)
	for (i = 1; i <= n; i++)
		for (s = "A"; s != ""; s = s == "A" ? "B" : "")
			if (summary(s, g, at[i]) && middle > 0) {
				low = !low || least > 0 && least < low ? (least > 0 ? least : middle) : low
				high = most > high ? most : high
			}
	if (n < 2 || !high)
		return
	frame(340)
	zero_at = at[1] > 0 ? at[1] : at[2] / 4
	low = nice_below(low)
	high = nice_above(high)
	if (high <= low)
		high = low * 10
	set_axes(zero_at / 1.15, at[n] * 1.15, low, high)
	body = ticks_y(low, high, unit[g])
	for (i = 1; i <= n; i++)
		body = body tick_x(at[i] > 0 ? at[i] : zero_at, thousands(at[i]))
	body = body titles(axis[g], unit[g] == "ns" ? "time" : unit[g] == "per-second" ? "a second" : unit[g])
	body = body curve("A", g, n) curve("B", g, n) legend("A" exponent("A", g, n), "B" exponent("B", g, n))
	figure(g, n " scales; both axes are logarithmic", "Cost against scale of " g, body)
}
# Differences count where the scale is largest.
function difference(g,    i, x, a) {
	for (i = 1; i <= nr_scales[g]; i++)
		x = scales[g, i] > x ? scales[g, i] : x
	a = summary("A", g, x) ? middle : 0
	return distance(a, summary("B", g, x) ? middle : 0)
}
END {
	for (i = 1; i <= nr_names; i++)
		if (nr_scales[names[i]] > 1)
			swept[++nr_swept] = names[i]
	split("", names)
	for (i = 1; i <= nr_swept; i++) {
		names[i] = swept[i]
		score[names[i]] = difference(names[i])
	}
	pictures(nr_swept, 6, 1)
}
'
