import Foundation
import Testing

extension EndToEnd.Servers.CenterTests {
    @Test func `a room gets the new image tonight, in four clicks and without typing`() throws {
        try loggedIn { server, browser in
            try server.roost("group", "add", "/school")
            try server.roost("node", "add", "pc-1", "--mac", "52:54:00:00:01:01", "--group", "/school")
            try server.importTwoVersions()
            var clicks = 0
            func click(_ selector: String) throws {
                try browser.click(selector)
                clicks += 1
            }
            try click("nav a[href='/groups']")
            try browser.waitFor("New group")
            try click(".tree a[href*='school']")
            try browser.waitFor("Restart at a time")
            try click(".tabs a[href*='tab=image']")
            try browser.waitFor("At that time the group gets the image")
            #expect(try browser.axeFindings() == [])
            try click("form[action='/groups/image'] button")
            try browser.waitFor("Saved as revision")
            #expect(clicks == 4)
            // The newest version, before the nodes restart, where no one works.
            let list = try server.roost("schedule", "list")
            #expect(list.contains("debian@2") && list.contains("restart group=/school (unless in use)"))
            // What was typed comes back with what is wrong with it.
            try browser.open(server.base + "/groups?path=%2Fschool&tab=image")
            try browser.type("soon", into: "#when")
            try browser.press("Schedule it")
            try browser.waitFor("soon")
            #expect(try browser.run("return document.querySelector('#when').value") as? String == "soon")
            #expect(try browser.run("return document.querySelector('.problem') !== null") as? Bool == true)
        }
    }
}
