import API
import Fleet

/// Files of the configuration: what they would change, and applying them.
extension Acts {
    /// What applying the files would do now; saves nothing.
    func plan(_ request: DeclarationRequest) throws -> DeclarationAnswer {
        try require(.configure)
        let snapshot = fleet.snapshot
        let plan = try declared(request, in: snapshot)
        let effects =
            plan.recordEdits.isEmpty
            ? nil : try self.plan(of: plan.recordEdits, in: snapshot, naming: .seenOrAwaited)
        return DeclarationAnswer(
            source: request.source, revision: snapshot.revision, of: plan, effects: effects)
    }

    /// Applies all of it as one revision, or nothing. What others have changed is refused unless the request overwrites it.
    ///
    /// - Parameter wanted: the tag of the expected revision; nil: any.
    func apply(_ request: DeclarationRequest, ifMatch wanted: String? = nil) async throws
        -> DeclarationAnswer
    {
        try require(.configure)
        let snapshot = fleet.snapshot
        let first = try declared(request, in: snapshot)
        var answer = DeclarationAnswer(source: request.source, revision: snapshot.revision, of: first)
        let next = try await change(
            what: "\(request.source): \(answer.summary)", naming: .seenOrAwaited
        ) { current in
            if let wanted, wanted != "\"\(current.revision)\"" {
                throw Problem(
                    412, "Precondition failed",
                    "the configuration has revision \(current.revision) now; look at the plan again")
            }
            let isSame = current.revision == snapshot.revision
            let plan = try isSame ? first : declared(request, in: current)
            try DeclaredChanges.requireOwn(plan, overwrites: request.overwrite ?? false)
            return try MintingKeys.completed(plan.edits, in: current)
                + current.edits(revokingTokensAfter: plan.edits)
        }
        // What happens from now on is sent.
        await services.webHooks.follow()
        answer.revision = next.revision
        return answer
    }

    /// Asks for permission before anything is compared: what others have set is told to those alone who may change it.
    private func declared(_ request: DeclarationRequest, in snapshot: FleetSnapshot) throws -> DeclaredPlan {
        try requireConfiguring(Declaration.namedPlaces(of: request.items, in: snapshot))
        let applied = snapshot.contents.applied.values.filter { $0.key.source == request.source }
        try requirePermissions(
            of: request.items.compactMap { DeclaredForms.named($0.member) }
                + applied.compactMap { DeclaredForms.of(kind: $0.key.kind) })
        let declaration = try Declaration(
            source: request.source, items: request.items, prunes: request.prune ?? false)
        let second = Clock.second
        let drafted = try DraftedDeclaration(declaration, in: snapshot, at: second, coding: DeclaredJSON())
        try requireConfiguring(drafted.places(in: snapshot))
        for applied in applied {
            guard may(.configure, in: applied.place) else {
                throw Problem(
                    403, "Forbidden",
                    "\(request.source) has applied records that \(caller.name) may not configure: use another source"
                )
            }
        }
        return try DeclaredPlan(
            of: drafted, in: snapshot, within: fleet.addressPlan, coding: DeclaredJSON(),
            in: sight)
    }

    /// What such records say is told to those alone who may change them.
    private func requirePermissions(of forms: [any DeclaredForm.Type]) throws {
        for form in forms where form.permission != .configure {
            guard may(form.permission, in: .site) else {
                throw Problem(
                    403, "Forbidden",
                    "\(caller.name) does not have the permission that files with \(form.member) need")
            }
        }
    }

    private func requireConfiguring(_ places: Set<GroupPath>) throws {
        guard !places.allSatisfy({ may(.configure, in: $0) }) else { return }
        throw Problem(
            403, "Forbidden",
            "\(caller.name) does not have the permission to configure all groups that these files touch")
    }

    // MARK: Sources

    /// Those with records that the caller sees, and those that the server watches, ordered by name.
    func appliedSources() throws -> [AppliedSourceAnswer] {
        try require(.read)
        var counts: [SourceName: Int] = [:]
        for applied in fleet.snapshot.contents.applied.values where caller.sees(applied.place) {
            counts[applied.key.source, default: 0] += 1
        }
        let watched = may(.read, in: .site) ? services.watchedFiles.all : []
        let states = Dictionary(watched.map { ($0.source.name, $0) }) { first, _ in first }
        return Set(counts.keys).union(states.keys).sorted().map { name in
            AppliedSourceAnswer(
                name: name, recordCount: counts[name] ?? 0, path: states[name]?.source.path,
                problems: states[name]?.problems ?? [])
        }
    }

    /// Forgets what a source applied; the records stay as they are.
    func forget(_ source: SourceName) async throws {
        try require(.configure)
        guard !services.watchedFiles.all.contains(where: { $0.source.name == source }) else {
            throw StoreError.conflict("the server watches files of \(source): take them out of roost.yaml")
        }
        _ = try await change(what: "\(source) forgotten; its records stay") { [caller] current in
            let applied = current.contents.applied.values.filter {
                $0.key.source == source && caller.allows(.configure, in: $0.place)
            }
            guard !applied.isEmpty else {
                throw StoreError.notFound("there is no source \(source) (roost source list shows all)")
            }
            return applied.map(\.key).sorted { $0.description < $1.description }.map { .applied($0, nil) }
        }
    }
}
