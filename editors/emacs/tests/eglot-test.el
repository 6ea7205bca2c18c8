;;; eglot-test.el --- what README.md promises to who uses eglot  -*- lexical-binding: t -*-

;; Loaded after the README's block, which has to work before eglot is loaded, as in an init file.

(require 'ert)
(require 'eglot)

(defconst backchat-test-patience 60
  "Seconds that a test waits for what must happen.")

(defun backchat-test-wait (what condition)
  "Wait until CONDITION gives something, and return it; WHAT is for the message."
  (let ((deadline (time-add nil backchat-test-patience))
        (found nil))
    (while (not (setq found (funcall condition)))
      (when (time-less-p deadline nil)
        (error "Waited in vain: %s" what))
      (accept-process-output nil 0.05))
    found))

(defun backchat-test-hover ()
  "What the server shows at point, or nil."
  (let ((hover (jsonrpc-request (eglot--current-server-or-lose) :textDocument/hover
                                (eglot--TextDocumentPositionParams))))
    (plist-get (plist-get hover :contents) :value)))

(defun backchat-test-action (title)
  "Execute the code action at point whose title contains TITLE."
  (let* ((server (eglot--current-server-or-lose))
         (actions (eglot-code-actions (line-beginning-position) (line-end-position)))
         (action (seq-find (lambda (action) (string-search title (plist-get action :title)))
                           actions))
         (command (plist-get action :command)))
    (should command)
    (eglot-execute-command server
                           (intern (plist-get command :command))
                           (plist-get command :arguments))))

(ert-deftest backchat-the-block-of-the-readme-asks-and-reads ()
  (with-temp-file "two.el"
    (insert ";; @backchat why is it two?\n(defun two ()\n  2)\n"))
  (find-file "two.el")
  (should (eq major-mode 'emacs-lisp-mode))
  (let ((eglot-sync-connect t)
        (eglot-connect-timeout backchat-test-patience))
    (apply #'eglot (eglot--guess-contact)))
  (goto-char (point-min))
  (backchat-test-action "ask in background: why is it two?")
  (forward-line 1)
  (backchat-test-wait "the answer is shown at the code"
                      (lambda ()
                        (string-search "Because it is not three." (or (backchat-test-hover) ""))))
  (should (string-search "📬" (backchat-test-hover)))
  (backchat-test-action "read the answer")
  (backchat-test-wait "the answer was read"
                      (lambda () (not (string-search "📬" (backchat-test-hover)))))
  (eglot-shutdown (eglot--current-server-or-lose)))

(provide 'eglot-test)
;;; eglot-test.el ends here
