-- What the Neovim that runs the tests is started with (see run.mjs). From the environment:
--
--   BACKCHAT_TEST_TOOLS         the folder that holds mini.test
--   BACKCHAT_TEST_BINARY        the program under test
--   BACKCHAT_TEST_LOCAL_MODEL   the folder of the local model
--   BACKCHAT_TEST_FILES         parts of the names of the files to run, with commas between; all
--   BACKCHAT_TEST_CASE          a part of the names of the tests to run; all
--   BACKCHAT_TEST_UPDATE        "yes" writes the reference screens anew

local here = vim.fs.dirname(debug.getinfo(1, "S").source:sub(2))
vim.opt.runtimepath:append(vim.fs.dirname(here))
vim.opt.runtimepath:append(vim.env.BACKCHAT_TEST_TOOLS .. "/usr/share/neovim-mini.test")
package.path = here .. "/?.lua;" .. package.path

local mini_test = require("mini.test")
mini_test.setup({
  collect = {
    find_files = function()
      local only = vim.env.BACKCHAT_TEST_FILES
      local files = vim.fn.globpath(here, "test_*.lua", false, true)
      if not only or only == "" then
        return files
      end
      return vim.tbl_filter(function(path)
        return vim.iter(vim.split(only, ",")):any(function(part)
          return path:find(part, 1, true) ~= nil
        end)
      end, files)
    end,
    filter_cases = function(case)
      local only = vim.env.BACKCHAT_TEST_CASE
      if not only or only == "" then
        return true
      end
      return table.concat(case.desc, " "):find(only, 1, true) ~= nil
    end,
  },
  execute = {
    reporter = mini_test.gen_reporter.stdout({ group_depth = 1, quit_on_finish = false }),
  },
})
