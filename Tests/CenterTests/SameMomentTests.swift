import API
import Fleet
import Foundation
import Testing

@testable import Center

/// What is answered together is of one moment: a record and its tag, an act and the revision that undo is offered for.
@Suite struct SameMomentTests {
    private func acts(_ name: String, of fleet: SmallFleet) -> Acts {
        Acts(
            services: fleet.services,
            caller: Caller(name: name, grants: [Grant(.admin)], proof: .localSocket))
    }

    @Test func `a node that others change all the time comes with its own tag`() async throws {
        let fleet = try await SmallFleet()
        let (reader, writer) = (acts("ann", of: fleet), acts("bob", of: fleet))
        let name = try NodeName(Place.school.node)
        let writing = Task {
            for number in 0..<60 {
                _ = try await writer.patchNode(
                    name, MergePatch(Data(#"{"tags":["t\#(number)"]}"#.utf8)))
            }
        }
        var seen: Set<String> = []
        while seen.count < 20 {
            let node = try await reader.taggedNode(name.text)
            #expect(try node.tag == RecordTag.of(node.answer.node))
            seen.insert(node.tag ?? "")
            let details = try await reader.nodeDetails(name.text)
            #expect(try details.editable?.tag == RecordTag.of(details.answer.node))
            if fleet.services.fleet.snapshot.nodes[name]?.tags == ["t59"] { break }
        }
        try await writing.value
        #expect(seen.count > 1)
    }

    @Test func `undo is offered for the caller's own revision, and for none where the act made none`()
        async throws
    {
        let fleet = try await SmallFleet()
        let (ann, bob) = (acts("ann", of: fleet), acts("bob", of: fleet))
        let (before, name) = (ann.revision, try NodeName(Place.school.node))
        #expect(try await ann.ownRevision(after: before) == nil)
        let own = try await ann.patchNode(name, MergePatch(Data(#"{"tags":["ann"]}"#.utf8))).revision
        let others = try await bob.patchNode(name, MergePatch(Data(#"{"tags":["bob"]}"#.utf8))).revision
        #expect(others > own && ann.revision == others)
        #expect(try await ann.ownRevision(after: before) == own)
        #expect(try await ann.ownRevision(after: own) == nil)
    }

    @Test func `a form's plan is of the state that the form was compared with`() async throws {
        let fleet = try await SmallFleet()
        let (ann, bob) = (acts("ann", of: fleet), acts("bob", of: fleet))
        let school = try NetworkName("school")
        let saved: Saved<Network> = try await ann.siteRecord(at: school)
        var (mine, theirs) = (saved.record, saved.record)
        (mine.domain, theirs.domain) = ("mine.example", "theirs.example")
        let revision = try ann.requireState(of: school, isNew: false, tag: saved.tag)
        // Between the look at the state and the plan.
        _ = try await bob.save(theirs, at: school, if: .none)
        let planned = try ann.plan(
            ChangeRequest(edits: [ChangeRequest.Edit(.network(school, mine))]), since: revision)
        #expect(planned.revision == revision)
        await #expect(throws: StoreError.self) {
            try await ann.make(planned.change, planned: planned.revision)
        }
    }
}
