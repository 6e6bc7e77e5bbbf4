// Looking at a fax: one page image at a time, larger or smaller; the original to keep.

const LARGEST = 4;

export const faxPart = () => ({
  faxPage: 1,
  faxZoom: 2,

  /** The newest file of the conversation that has pages. */
  fax() {
    const files = this.talk().messages.flatMap((message) => message.attachments);
    return files.findLast((file) => file.pages > 0) ?? { file_id: "", pages: 0 };
  },
  showFax() {
    Object.assign(this, { faxPage: 1, faxZoom: 2 });
  },
  faxSource() {
    const { file_id: fileId, pages } = this.fax();
    return pages ? `/api/gateway/files/${fileId}/pages/${this.faxPage}.png` : "data:,";
  },
  turnFax(by) {
    this.faxPage = Math.min(this.fax().pages, Math.max(1, this.faxPage + by));
  },
  zoomFax(by) {
    this.faxZoom = Math.min(LARGEST, Math.max(1, this.faxZoom + by));
  },
});
