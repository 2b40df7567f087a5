/// What those who make a change may name.
package struct NameSight {
    /// Whether they may see what is in a group. To them, what is elsewhere is not there.
    let sees: (GroupPath) -> Bool
    /// Why a text is no time zone; nil where it is one, or nothing tells.
    let zoneProblem: (String) -> Sentence?
    /// Whether an image may come later, as on a new server whose files are applied before its images are there. One that is called almost like
    /// an image that is there is a mistake all the same.
    package var awaitsImages = false

    package init(
        seeing sees: @escaping (GroupPath) -> Bool = { _ in true },
        zoneProblem: @escaping (String) -> Sentence? = { _ in nil }
    ) {
        (self.sees, self.zoneProblem) = (sees, zoneProblem)
    }

    /// The same for files of the configuration, which may be there before the images that they name.
    package var ofFiles: NameSight {
        var sight = self
        sight.awaitsImages = true
        return sight
    }
}

extension FleetSnapshot {
    /// Throws where edits name, for the first time, a record that is not there with them; the error has the name that was probably meant.
    package func requireKnownNames(in edits: [FleetEdit], in sight: NameSight) throws {
        guard let unknown = unknownName(in: edits, in: sight) else { return }
        guard unknown.isOfSetting else { throw StoreError.notFound(unknown.problem) }
        throw InvalidSetting(unknown.problem)
    }

    /// The first name of a record that is not there.
    ///
    /// - Returns: the place of its edit, what is wrong with it, and whether a setting has it.
    package func unknownName(in edits: [FleetEdit], in sight: NameSight)
        -> (index: Int, problem: Sentence, isOfSetting: Bool)?
    {
        var draft: Contents?
        var leaving: [String: Set<NameWalk.Found>]?
        for (index, edit) in edits.enumerated() where !edit.isFollowing {
            for found in edit.names where found.isRequired {
                // What is in a group above serves those below, whether they see it or not.
                func isVisible(_ group: GroupPath) -> Bool {
                    sight.sees(group) || group.contains(edit.record?.place ?? .site)
                }
                func isThere(in contents: Contents) -> Bool {
                    if case .zone(let zone) = found.name { return sight.zoneProblem(zone) == nil }
                    return contents.has(found.name, where: isVisible)
                }
                if isThere(in: contents) || edit.formerNames(in: self).contains(found) { continue }
                // One with another name, such as a group that moves, brings what it named.
                let former = leaving ?? namesOfRemoved(by: edits)
                leaving = former
                if former[edit.type.kind]?.contains(found) == true { continue }
                let after = draft ?? contents.with(edits)
                draft = after
                if isThere(in: after) || sight.awaitsImages && after.mayCome(found.name) { continue }
                var problem = after.missing(found.name, where: isVisible)
                if case .zone(let zone) = found.name { problem = sight.zoneProblem(zone) ?? problem }
                return (
                    index, found.setting.map { "\($0): \(problem)" } ?? problem, found.setting != nil
                )
            }
        }
        return nil
    }

    /// What records that edits remove have named, by their kind.
    private func namesOfRemoved(by edits: [FleetEdit]) -> [String: Set<NameWalk.Found>] {
        edits.reduce(into: [:]) { names, edit in
            if edit.isRemoval { names[edit.type.kind, default: []].formUnion(edit.formerNames(in: self)) }
        }
    }
}

extension FleetRecord {
    /// Says that there is no such record, and which one was probably meant.
    ///
    /// - Parameter keys: those that may be told.
    package static func missing(_ key: Key, among keys: some Collection<Key>) -> Sentence {
        missing(key).followed(by: NearestName.hint(key.description, among: keys.map(\.description)))
    }
}

extension FleetSnapshot.Contents {
    fileprivate func with(_ edits: [FleetEdit]) -> Self {
        var draft = self
        for edit in edits { edit.put(in: &draft) }
        return draft
    }

    fileprivate func has(_ name: RecordName, where isVisible: @escaping (GroupPath) -> Bool) -> Bool {
        known(name, where: isVisible).isThere
    }

    /// Whether it is of an image that is not there, and like none that is.
    fileprivate func mayCome(_ name: RecordName) -> Bool {
        let image: ImageName
        switch name {
        case .image(let name): image = name
        case .version(let reference): image = reference.image
        default: return false
        }
        return images[image] == nil && NearestName.of(image.text, among: images.keys.map(\.text)) == nil
    }

    /// Says that a record is not there, and which one was probably meant.
    package func missing(
        _ name: RecordName, where isVisible: @escaping (GroupPath) -> Bool = { _ in true }
    ) -> Sentence {
        known(name, where: isVisible).missing()
    }

    /// What is known of a name: whether there is something of that name, and what is said where there is nothing.
    private typealias Known = (isThere: Bool, missing: () -> Sentence)

    private func known(_ name: RecordName, where isVisible: @escaping (GroupPath) -> Bool) -> Known {
        func record<Record: FleetRecord>(_: Record.Type, _ text: String) -> Known {
            func isSeen(_ key: Record.Key) -> Bool {
                Record.record(at: key, in: self).map { isVisible($0.place) } ?? false
            }
            guard let key = try? Record.Key(recordKey: text) else { return unknown(text) }
            return (isSeen(key), { Record.missing(key, among: Record.keys(in: self).filter(isSeen)) })
        }
        func unknown(_ text: String) -> Known { (false, { "there is no record ‘\(text)’" }) }
        switch name {
        case .group(let path):
            return (
                path == .site || groups[path] != nil && isVisible(path),
                { missing(group: path, where: isVisible) }
            )
        case .image(let name):
            return (
                images[name] != nil,
                {
                    noImage(name).followed(by: NearestName.hint(name.text, among: images.keys.map(\.text)))
                }
            )
        case .version(let reference):
            return (
                images[reference.image]?.version(reference.selector) != nil, { missing(reference) }
            )
        case .record(let kind, let key):
            return FleetRecords.named(kind).map { record($0, key) } ?? unknown(key)
        // That of a file of the server.
        case .zone(let name): return (true, { "there is no time zone ‘\(name)’" })
        }
    }

    /// Names only groups that are where this one would be: those who may add it there may know them.
    private func missing(group path: GroupPath, where isVisible: (GroupPath) -> Bool) -> Sentence {
        let above = path.lineage.dropLast().last { groups[$0] != nil } ?? .site
        // One below it is not meant: it may be what lacks it.
        let known = groups.keys.filter {
            $0 != .site && above.contains($0) && !path.contains($0) && isVisible($0)
        }
        return NodeGroup.missing(path).followed(
            by: NearestName.hint(path.description, among: known.map(\.description)))
    }

    /// Throws where a group is not there.
    func require(_ group: GroupPath) throws(StoreError) {
        guard group != .site, groups[group] == nil else { return }
        throw StoreError.notFound(missing(.group(group)))
    }

    private func noImage(_ name: ImageName) -> Sentence {
        "there is no image ‘\(name)’ (roost image list shows all)"
    }

    private func missing(_ reference: ImageReference) -> Sentence {
        guard let image = images[reference.image] else { return missing(.image(reference.image)) }
        let text: Sentence = "there is no version ‘\(reference.settingText)’ (roost image list shows all)"
        guard case .channel(let channel) = reference.selector else { return text }
        let names = Set(image.channels.keys).union(image.tags.keys).map { "\(image.name)@\($0)" }
        return text.followed(by: NearestName.hint("\(image.name)@\(channel)", among: names))
    }
}
