import API
import Fleet
import Foundation
import HTTPTypes
import Testing

@testable import Center

/// Forms for new things: what they make, and what they never show again.
@Suite struct NewRecordTests {
    private static let words = PageViewTests.words

    @Test func `a secret that people chose is used, not shown, and the hook can be tested at once`()
        async throws
    {
        let fleet = try await SmallFleet()
        let (key, form) = ("chosen-by-people-1", "url=http://127.0.0.1:9/x&all=yes&group=/")
        let made = try await fleet.page("/hooks", "\(form)&key=\(key)")
        #expect(made.status == 200 && !made.body.contains(key) && !made.body.contains("shown this once"))
        #expect(made.body.contains("has sent nothing yet") && made.body.contains("/test\">"))
        #expect(try await fleet.services.fleet.store.webHooks().map(\.secret).contains(key))
        for bad in ["short", "with%20a%20space%20in%20it", String(repeating: "k", count: 201)] {
            let refused = try await fleet.page("/hooks", "\(form)&key=\(bad)")
            #expect(refused.status == 422 && !refused.body.contains("value=\"\(bad)\""), "\(bad)")
        }
    }

    @Test func `a new file goes to the nodes of a group at once, and a refused path stays in the form`()
        async throws
    {
        let fleet = try await SmallFleet()
        let open = try await fleet.page("/files?new=yes").body
        let sample = try await fleet.page("/files?new=yes&path=/etc/motd").body
        #expect(sample.contains(#"value="/etc/motd""#))
        #expect(open.contains(#"name="path""#) && open.contains(#"<option value="/school">/school<"#))
        let made = try await fleet.page("/files", "name=motd&path=/etc/motd&group=/school&text=hello")
        #expect(made.status == 303)
        let live = fleet.services.fleet
        let school = try #require(live.snapshot.groups[try GroupPath("/school")])
        #expect(school.settings["files"] == .map(["/etc/motd": "stored:motd"]))
        // What the group had stays.
        _ = try await fleet.page("/files", "name=issue&path=/etc/issue:600&group=/school&text=hi")
        let both = try #require(live.snapshot.groups[try GroupPath("/school")]?.settings["files"])
        #expect(
            both
                == .map(["/etc/motd": "stored:motd", "/etc/issue:600": "stored:issue"]))
        let revision = live.snapshot.revision
        let bad = try await fleet.page("/files", "name=other&path=etc&group=/school&text=kept")
        #expect(bad.status == 422 && bad.body.contains(#"value="etc""#) && bad.body.contains(">kept<"))
        #expect(live.snapshot.revision == revision)
        // Without a path, no setting changes.
        _ = try await fleet.page("/files", "name=alone&path=&group=/school&text=hi")
        #expect(live.snapshot.groups[try GroupPath("/school")]?.settings["files"] == both)
        // A chosen file goes in place of the text, and has the name of its path.
        _ = try await fleet.page("/files", "name=&path=/opt/logo.png:755&group=/&base64=AP8%3D&text=")
        let logo = try #require(live.snapshot.contents.storedFiles[try StoredFileName("logo.png")])
        #expect(logo.byteCount == 2)
        let torn = try await fleet.page("/files", "name=torn&path=&group=/&base64=A&text=")
        #expect(torn.status == 422 && torn.body.contains("<h1>New file</h1>"))
    }

    @Test func `the numbers of a version are those of the searches behind them`() async throws {
        let fleet = try await SmallFleet()
        let (live, acts) = (fleet.services.fleet, Acts(services: fleet.services, caller: .local))
        let version = try #require(live.snapshot.images.values.first?.versions.first)
        for (name, stage) in [("pc-1", BootStage.ready), ("desk-1", .failed)] {
            let node = try #require(live.snapshot.nodes[try NodeName(name)])
            let event = BootEvent(
                boot: "of \(name)", macAddress: try #require(node.macAddresses.first), stage: stage,
                at: Clock.millisecond, detail: "", version: version.digest)
            try await live.store.append([event])
            try await live.note([event])
        }
        let details = try await acts.imageDetails()
        let booted = try #require(details.compactMap { $0.uses[version.digest] }.first)
        #expect(booted.running >= 1 && booted.failed >= 1)
        for details in details {
            for version in details.versions {
                let use = details.uses[version.digest] ?? Acts.VersionUse()
                let name = "\(version.image)@\(version.number)"
                for (query, count) in [
                    ("next=\(name)", use.next), ("booted=\(name) state=ready", use.running),
                    ("booted=\(name) state=failed", use.failed),
                ] {
                    let found = try await acts.nodeList(query, .name, offset: 0, limit: 1)
                    #expect(found.page.count == count, "\(query)")
                }
            }
        }
        // Rules decide what boots next: they cannot ask for it.
        #expect(!NodeAttribute.next.isLasting)
    }

    @Test func `an empty page leads to what is new: boards by their group, volumes by what they keep`() throws
    {
        let boards = BoardLinksView(
            [], link: nil, failure: nil, group: nil, groups: ["/", "/school"], Self.words)
        let text = try PageViewTests.shown(boards)
        #expect(text.contains(#"<form class="inline" method="get" action="/boards">"#))
        #expect(text.contains(#"<option value="/school">/school<"#))
        let open = BoardLinksView(
            [], link: nil, failure: nil, group: "/school", groups: ["/", "/school"], Self.words)
        #expect(open.start == nil && open.added?.cancel == "/boards")
        for (maySet, count) in [(true, 3), (false, 0)] {
            let volumes = try PageViewTests.shown(VolumesView([], maySet: maySet, Self.words))
            #expect(volumes.components(separatedBy: "<h2 ").count == 4)
            #expect(volumes.components(separatedBy: "/settings#setting-").count == count + 1)
        }
    }

    @Test func `the value of a secret is masked`() throws {
        let view = SecretsView(
            [], failure: nil, mayAdd: true, offer: .init(group: .site, hasReceiver: true), Self.words)
        let fields = try #require(view.added?.parts.first?.fields)
        #expect(fields.filter { $0.lines?.isMasked == true }.map(\.name) == ["value", "base64"])
        let text = try PageViewTests.shown(view)
        #expect(text.contains(#"name="value" rows="3" class="masked" autocomplete="off""#))
        #expect(text.contains(#"name="reveal""#))
    }
}
