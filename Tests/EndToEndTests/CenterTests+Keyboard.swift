import Foundation
import Testing

extension EndToEnd.Servers.CenterTests {
    @Test func `tasks are done with the keyboard alone, in few steps`() throws {
        let port = try CenterServer.freePort()
        try loggedIn("  agent-port: \(port)") { server, browser in
            let list = (1...12).map { "pc-\($0),52:54:00:00:05:\($0 + 10),/school\n" }
            let file = "\(server.directory)/nodes.csv"
            try Data(("name,mac,group\n" + list.joined()).utf8).write(to: URL(fileURLWithPath: file))
            try server.roost("node", "import", file, "--make-groups")
            let agent = try SessionAgent(of: server, named: "ts-1", port: port, session: "ben")
            defer { agent.end() }
            try server.roost("set", "--node", "pc-7", "time-zone=Europe/Paris")
            func find(_ text: String) throws {
                try browser.chord(Key.control, "k")
                try browser.keys(text + Key.enter)
            }
            // Why is it not up? Its name is enough; Enter may come before the results.
            try find("pc-7")
            try browser.waitFor("It has nothing to boot next")
            #expect(browser.url == server.base + "/nodes/pc-7")
            #expect(browser.text.contains("What it would boot next, and why"))
            // The tabs, by arrows.
            try browser.tab(to: ".tabs a")
            try browser.keys(Key.right + Key.right + Key.enter)
            try browser.waitFor("Effective settings")
            #expect(browser.url == server.base + "/nodes/pc-7?tab=settings")
            #expect(browser.text.contains("node pc-7"))
            // Who changed it, and back: two clicks.
            try find("history pc-7")
            try browser.waitFor("Who changed it")
            try browser.tab(to: "ul.log a")
            try browser.keys(Key.enter)
            try browser.waitFor("Undo this revision")
            try browser.tab(to: "form[action$='/undo'] button")
            try browser.keys(Key.enter)
            try browser.waitFor("Saved as revision")
            #expect(try server.roost("get", "pc-7", "time-zone") == "Etc/UTC\n")
            // All with little memory: one chip. None has told its memory.
            try browser.keys("gn")
            try browser.waitFor("12 nodes")
            try browser.tab(to: ".chips a[href*='memory']")
            try browser.keys(Key.enter)
            try browser.waitFor("0 nodes")
            // Rows, by arrows, in natural order.
            try browser.keys("gn")
            try browser.waitFor("12 nodes")
            try browser.tab(to: "tbody td a")
            try browser.keys(Key.down + Key.enter)
            try browser.waitFor("Last boot")
            #expect(browser.url == server.base + "/nodes/pc-2")
            // A room restarts tonight, where no one works: nothing is typed but its name.
            try find("/school")
            try browser.waitFor("Restart at a time")
            try browser.tab(to: "a[href^='/schedules?act=restart']")
            try browser.keys(Key.enter)
            try browser.tab(to: "#time")
            try browser.keys(Key.enter)
            try browser.waitFor("12 nodes match now")
            try browser.tab(to: "#time")
            try browser.keys(Key.enter)
            try browser.waitFor("Saved as revision")
            #expect(try server.roost("schedule", "list").contains("restart group=/school (unless in use)"))
            // Who is logged in where, and a message to them.
            try browser.keys("gs")
            try browser.waitFor("connected now")
            try browser.tab(to: "tbody td a")
            try browser.keys(Key.enter)
            try browser.tab(to: "#text")
            try agent.carryOutNextOrder()
            try browser.keys("The server restarts soon" + Key.enter)
            try browser.waitFor("The message was sent.")
            let order = try agent.given
            #expect(order.contains("The server restarts soon") && order.contains("s1"))
            try find("pc-7")
            try browser.waitFor("It has nothing to boot next")
            try browser.keys("?")
            try browser.waitFor("find anything by its name")
            #expect(try browser.axeFindings() == [])
            try browser.keys(Key.escape)
            #expect(try browser.run("return document.querySelector('dialog[open]')") is NSNull)
        }
    }

    @Test func `what is found is text, whatever its name, and nothing else of the page changes`() throws {
        try loggedIn { server, browser in
            let name = "<img src=x onerror=document.title=1>"
            try server.addAdministrator("eve", "helpdesk", "--full-name", "'\(name)'")
            try browser.chord(Key.control, "k")
            try browser.keys("eve")
            try browser.waitFor(name)
            #expect(browser.title == "Dashboard · Roost")
            #expect(try browser.axeFindings() == [])
            try browser.keys(Key.enter)
            try browser.waitFor("may not log in")
            #expect(browser.url == server.base + "/administrators?name=eve")
            // Without scripts, the same list is a page.
            let page = try server.ask("GET", "/find?q=eve", token: server.token("ann")).body
            #expect(page.contains("&lt;img src=x") && !page.contains("<img src=x"))
            try browser.chord(Key.control, "k")
            try browser.keys("no such name" + Key.enter)
            try browser.waitFor("Nothing has this name.")
        }
    }
}
