extension LTSConf {
    /// The first exact section for a machine's host name, its address or its MAC; then the first pattern that matches the host name, the address
    /// and the MAC. One pattern may match several of them, and is there as often.
    package func roots(of machine: LTSPMachine) -> [Int] {
        let identities = [machine.hostName, machine.address, machine.macAddress].filter { !$0.isEmpty }.map {
            Array($0.utf8).map(\.lowered)
        }
        var roots: [Int] = []
        if let exact = identities.lazy.compactMap({ sectionOfKey[$0] }).first { roots.append(exact) }
        roots += identities.compactMap { identity in
            patterns.first { $0.pattern.matches(identity) && sections[$0.index].key != identity }?.index
        }
        return roots
    }

    /// The sections that apply to a machine, the strongest first, each once: the roots, each with what it takes over by LIKE, and `[default]`,
    /// whose own LIKE counts only where it was taken over itself.
    func chain(from roots: [Int]) -> [Int] {
        var chain: [Int] = []
        var known: Set<Int> = []
        var followed = 0
        func append(_ index: Int) { if known.insert(index).inserted { chain.append(index) } }
        for root in roots {
            append(root)
            // Sections in the order in which they are named, not in depth: so does getltscfg.
            while followed < chain.count {
                for target in targets[chain[followed]] { append(target) }
                followed += 1
            }
        }
        if let defaultSection { append(defaultSection) }
        return chain
    }

    /// The sections of a chain by their last places in getltscfg's list, which has a section again wherever a LIKE names it, and each LIKE again
    /// behind each pattern. It prints variables in the reverse of this order, and a shell evaluates them in it.
    ///
    /// The last place of a section is as deep as the longest way to it, so only the ways through sections one level above count.
    func lastPlaces(in chain: [Int], from roots: [Int]) -> [Int] {
        guard chain.count > 1 else { return chain }
        var order = chain
        // Appended at the end without being taken over, [default] was not followed.
        let isFollowed =
            roots.contains { $0 == defaultSection }
            || chain.dropLast().contains { section in targets[section].contains { $0 == defaultSection } }
        if let defaultSection, chain.last == defaultSection, !isFollowed { order.removeLast() }
        order = placesOfLevels(order, from: roots)
        if let defaultSection {
            order.removeAll { $0 == defaultSection }
            order.append(defaultSection)
        }
        return order
    }

    private func placesOfLevels(_ walked: [Int], from roots: [Int]) -> [Int] {
        let edgeCount = walked.reduce(0) { $0 + targets[$1].count }
        guard edgeCount > 0 || roots.count > 1 else { return walked }
        var seen: Set<Int> = []
        let lastRoots = Array(roots.reversed().filter { seen.insert($0).inserted }.reversed())
        var open: [Int: Int] = [:]
        for section in walked {
            for target in targets[section] { open[target, default: 0] += 1 }
        }
        // A tree, in which each section is named once, has the order of the chain.
        if roots.count == 1, open[roots[0]] == nil, open.count == edgeCount, edgeCount == walked.count - 1 {
            return walked
        }
        var levels = [lastRoots.filter { open[$0] == nil }]
        var level: [Int: Int] = [:]
        var ready = levels[0]
        while let section = ready.popLast() {
            for target in targets[section] {
                level[target] = max(level[target] ?? 0, (level[section] ?? 0) + 1)
                open[target, default: 1] -= 1
                if open[target] == 0 { ready.append(target) }
            }
        }
        // What stands in a circle, or behind one, keeps its place: such a file is refused.
        for section in walked where open[section] ?? 0 > 0 { level[section] = nil }
        while let last = levels.last, !last.isEmpty {
            var place: [Int: Int] = [:]
            var count = 0
            for section in last {
                for target in targets[section] where level[target] == levels.count {
                    place[target] = count
                    count += 1
                }
            }
            levels.append(place.sorted { $0.value < $1.value }.map(\.key))
        }
        let placed = Set(levels.joined())
        return levels.flatMap { $0 } + walked.filter { !placed.contains($0) }
    }
}
