# SPDX-License-Identifier: GPL-2.0
#
# Makes of a litmus test what herd7 reads: the test as it is, or one of its mutants.
#
#	awk -f weaken.awk TEST				the test
#	awk -v mutant=NAME -f weaken.awk TEST		that mutant of it
#	awk -v list=1 -f weaken.awk TEST		`NAME EXPECTED` of each mutant
#	awk -v rwlock=1 ...				mmu_lock and gpc_lock as locks that only
#							acquire and release
#
# Code is followed by marks: `code // NAME: other // NAME2, NAME3=Never:`.  Mutant NAME has `other`
# in place of the code; nothing after the colon deletes it, nothing before the first mark adds
# it.  herd7 is expected to say Sometimes of a mutant, or what stands behind `=`.

# Adds the names of a mark to those of the test; is the mutant among them?
function mark(names,	n, i, part, list_of, here)
{
	n = split(names, list_of, /, */)
	for (i = 1; i <= n; i++) {
		split(list_of[i], part, "=")
		if (!(part[1] in expected)) {
			order[++count] = part[1]
			expected[part[1]] = part[2] ? part[2] : "Sometimes"
		}
		here = here || part[1] == mutant
	}
	return here
}

# A rwlock_t, of which the memory model knows nothing: one atomic that acquires, one store that
# releases.  Executions in which the lock was not free are left out, see END.
function as_rwlock(code,	name)
{
	if (code ~ /^P[0-9]/) {
		thread = substr(code, 2) + 0
		gsub(/spinlock_t \*(mmu|gpc)_lock/, "&@", code)
		gsub(/spinlock_t \*mmu_lock@/, "int *mmu_lock", code)
		gsub(/spinlock_t \*gpc_lock@/, "int *gpc_lock", code)
	} else if (code ~ /^[ \t]*spin_lock\((mmu|gpc)_lock\);/) {
		name = "taken" ++locks
		taken = taken (taken ? " /\\ " : "") thread ":" name "=0"
		sub(/spin_lock\(/, "int " name " = xchg_acquire(", code)
		sub(/\);/, ", 1);", code)
	} else if (code ~ /^[ \t]*spin_unlock\((mmu|gpc)_lock\);/) {
		sub(/spin_unlock\(/, "smp_store_release(", code)
		sub(/\);/, ", 0);", code)
	}
	return code
}

{
	n = split($0, chunk, / *\t*\/\/ /)
	code = chunk[1]
	indent = $0
	sub(/[^\t].*/, "", indent)
	for (i = 2; i <= n; i++) {
		names = chunk[i]
		sub(/:.*/, "", names)
		if (mark(names)) {
			code = chunk[i]
			sub(/^[^:]*: */, "", code)
			code = indent code
			found = 1
		}
	}
	if (n > 1 && code !~ /[^ \t]/ || list)
		next
	if (rwlock)
		code = as_rwlock(code)
	if (mutant && FNR == 1)
		code = code "+" mutant
	if (code ~ /^exists/ && taken)
		print "filter (" taken ")"
	print code
}

END {
	for (i = 1; list && i <= count; i++)
		print order[i], expected[order[i]]
	if (mutant && !found) {
		print "weaken.awk: no mutant " mutant >"/dev/stderr"
		exit 1
	}
}
